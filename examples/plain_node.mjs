// Events from Kafka in Node: npm install kafkajs && node examples/plain_node.mjs localhost:9092 streamer.events.v1
import { Kafka, logLevel } from "kafkajs";

const [servers = "localhost:9092", topic = "streamer.events.v1"] = process.argv.slice(2);
const kafka = new Kafka({ brokers: servers.split(","), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: "plain-node" });
const seen = new Set(); // a record may come twice after something was restarted; ce_id says whether it is the same

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const { ce_id, ce_type } = message.headers;
    if (seen.has(`${ce_id}`)) return;
    seen.add(`${ce_id}`);
    const { label, phase, start } = JSON.parse(message.value);
    console.log(`${message.key}: ${label} ${phase} at ${start.toFixed(1)} s (${ce_type})`);
  },
});
