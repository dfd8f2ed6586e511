// The timeline: one lane a kind, all on one scale; a click anywhere seeks.

const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]; // seconds between labels
const NARROWEST = 72; // px between labels
const MOST_ROWS = 6;
const QUIETEST = -60; // dB: the floor of the loudness curve
let zoom = 1;
let ruler, playhead, cursor;

// A thing on a lane: a button that seeks, found by the search, named on hover.
function item(thing, kind, name, ...children) {
  const span = Math.max(0, Math.min(thing.end, length) - thing.start) / length;
  const place = { "--start": thing.start / length, "--span": span };
  const label = `${clock(thing.start, 1)} ${name}`;
  const click = (event) => {
    event.stopPropagation();
    seek(thing.start);
  };
  const button = make("button", { type: "button", class: `item ${kind}`, tabindex: -1, "aria-label": label, ...place, click }, ...children);
  button.tip = name;
  return button;
}

function addLane(name, kind, content, label = name) {
  const first = content.find((element) => element.matches?.(".item"));
  if (first) first.tabIndex = 0;
  const body = make("div", { class: `lane ${kind}`, role: "group", "aria-label": label }, content);
  body.addEventListener("keydown", (event) => walk(event, body));
  byId("track").append(make("div", { class: "row" }, make("div", { class: "label", "aria-hidden": "true" }, name), body));
  return body;
}

// One stop of the tab key a lane; arrows move among its items.
function walk(event, lane) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const items = [...lane.querySelectorAll(".item")];
  const index = items.indexOf(document.activeElement);
  if (!step || index < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const next = items[Math.min(Math.max(index + step, 0), items.length - 1)];
  items[index].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function makeTimeline() {
  makeRuler();
  addShots();
  addEvents();
  addSpeech();
  const sounds = instances("sounds");
  addItems("Heard", "sound", sounds, (sound) => plain(sound.label));
  addItems("Written", "ocr", instances("screen_text"), (text) => text.text);
  addMood();
  addCurve("Loudness", "sound", data.curves.loudness, (value) => (value - QUIETEST) / -QUIETEST, (value) => `${value.toFixed(0)} dB`);
  const most = Math.max(0.05, ...data.curves.motion.filter((value) => value !== null));
  addCurve("Motion", "vision", data.curves.motion, (value) => value / most, (value) => `${percent(value)} of the picture moves`);
  addObserved();
  addOverlay();
  listen();
  for (const [sense, word] of Object.entries(SENSES)) byId("legend").append(make("li", { class: `sense ${sense}` }, word));
}

function makeRuler() {
  ruler = addLane("", "ruler", [], "Time");
  const slider = { role: "slider", tabindex: 0, "aria-label": "Position in the film", "aria-valuemin": 0, "aria-valuemax": length.toFixed(1) };
  for (const [name, value] of Object.entries(slider)) ruler.setAttribute(name, value);
  ruler.addEventListener("keydown", (event) => {
    const places = { ArrowLeft: now - 1, ArrowRight: now + 1, PageDown: now - 10, PageUp: now + 10, Home: 0, End: length };
    if (!(event.key in places)) return;
    event.preventDefault();
    event.stopPropagation();
    seek(places[event.key]);
  });
  new ResizeObserver(drawTicks).observe(ruler);
}

function drawTicks() {
  const width = ruler.getBoundingClientRect().width;
  const step = TICKS.find((seconds) => (seconds / length) * width >= NARROWEST) ?? TICKS.at(-1);
  const marks = [];
  for (let time = 0; time < length; time += step) marks.push(make("span", { class: "tick", "--start": time / length }, clock(time)));
  ruler.replaceChildren(...marks);
}

function addShots() {
  const shots = instances("shots").map((shot, index) => {
    const name = `Shot ${index + 1}${shot.transition === "fade" ? ", faded in" : ""}`;
    return item(shot, "shot", name, shot.keyframe ? thumb(shot.keyframe, shot.start) : null);
  });
  if (shots.length) addLane("Shots", "shots", shots);
}

// Items in as many rows as it takes that none covers another, but no more than fit a screen.
function addItems(name, sense, things, text) {
  const ends = [];
  const items = things.map((thing) => {
    const free = ends.findIndex((end) => end <= thing.start);
    const row = free >= 0 ? free : ends.length < MOST_ROWS ? ends.length : ends.indexOf(Math.min(...ends));
    ends[row] = Math.max(thing.end, thing.start + length / 200);
    const element = item(thing, `bar ${thing.sense ?? sense}`, thing.name ?? text(thing), text(thing));
    element.style.setProperty("--row", row);
    searchable(text(thing), thing.start, element);
    return element;
  });
  if (items.length) addLane(name, "stacked", items).style.setProperty("--rows", ends.length);
}

function addEvents() {
  const events = instances("events").map((event) => ({ ...event, sense: strongest(event), name: `${plain(event.label)}, ${percent(event.confidence)}` }));
  addItems("Events", "", events, (event) => plain(event.label));
}

// The sense that speaks most for an event.
function strongest(event) {
  const [sense, share] = Object.entries(event.contributions).filter(([name]) => name in SENSES).sort((one, two) => two[1] - one[1])[0] ?? [];
  return share > 0 ? sense : event.evidence[0]?.modality ?? "vision";
}

function addSpeech() {
  const said = instances("transcript").map((speech) => {
    const text = speech.text ?? "Speech, words unknown";
    const element = item(speech, `bar text ${speech.text === null ? "unknown" : ""}`, text, text);
    searchable(`${text} ${speech.translation ?? ""}`, speech.start, element);
    return element;
  });
  if (said.length) addLane("Said", "stacked", said);
}

function addMood() {
  const moods = instances("sentiment");
  if (!moods.length) return;
  const bars = moods.map((mood, index) => {
    const end = Math.min(moods[index + 1]?.start ?? mood.end, mood.end); // windows overlap
    if (mood.valence === null) return item({ ...mood, end }, "mood unknown", `no mood: ${mood.reason ?? "not known"}`);
    const bar = item({ ...mood, end }, `mood ${mood.valence < 0 ? "negative" : "positive"}`, `mood ${signed(mood.valence)} ± ${(mood.sd ?? 0).toFixed(2)}`);
    bar.style.setProperty("--size", Math.abs(mood.valence));
    return bar;
  });
  addLane("Mood", "moods", bars, "Mood, up is positive");
}

// A curve as an area; `shape` brings its values to 0..1, `say` puts one into words.
function addCurve(name, sense, values, shape, say) {
  if (values.every((value) => value === null)) return;
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  const high = (value) => (value === null ? 0 : Math.min(1, Math.max(0, shape(value))));
  path.setAttribute("d", `M0,1${values.map((value, index) => `H${index}V${(1 - high(value)).toFixed(3)}`).join("")}H${values.length}V1Z`);
  drawing.setAttribute("viewBox", `0 0 ${values.length} 1`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.append(path);
  const lane = addLane(name, `curve ${sense}`, [drawing]);
  lane.tipAt = (share) => {
    const value = values[Math.min(values.length - 1, Math.floor(share * values.length))];
    return value === null ? "not measured" : say(value);
  };
}

function addObserved() {
  const stretches = data.observed.map((stretch) => {
    const seen = stretch.status === "present" || stretch.status === "silent";
    const place = { "--start": stretch.start / length, "--span": (stretch.end - stretch.start) / length };
    const row = Object.keys(SENSES).indexOf(stretch.modality);
    return make("span", { class: `stretch ${stretch.modality} ${seen ? stretch.status : "missing"}`, ...place, "--row": row, "--share": stretch.coverage });
  });
  if (!stretches.length) return;
  const lane = addLane("Observed", "observed", stretches, "What could be observed");
  lane.tipAt = (share) => {
    const here = data.observed.filter((stretch) => stretch.start <= share * length && share * length < stretch.end);
    return here.map((stretch) => `${SENSES[stretch.modality]}: ${STATUS[stretch.status]}`).join(" · ");
  };
}

function addOverlay() {
  playhead = make("div", { class: "playhead" });
  cursor = make("div", { class: "cursor", hidden: true });
  const lost = data.lost.map((gap) => make("div", { class: "gap", "--start": gap.start / length, "--span": (gap.end - gap.start) / length }));
  byId("track").append(make("div", { class: "overlay", "aria-hidden": "true" }, lost, cursor, playhead));
  followers.push((time) => {
    playhead.style.setProperty("--start", time / length);
    ruler.setAttribute("aria-valuenow", time.toFixed(1));
    ruler.setAttribute("aria-valuetext", clock(time, 1));
    keepInView();
  });
}

// While the film plays, a zoomed timeline turns its page when the playhead leaves it.
function keepInView() {
  if (media.paused || zoom === 1) return;
  const [box, head] = [byId("lanes").getBoundingClientRect(), playhead.getBoundingClientRect()];
  if (head.left > box.right - 20 || head.left < ruler.getBoundingClientRect().left) byId("lanes").scrollLeft += head.left - box.left - box.width / 4;
}

function shareAt(event) {
  const box = ruler.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
}

function listen() {
  const track = byId("track");
  track.addEventListener("click", (event) => event.target.closest(".lane") && seek(shareAt(event) * length));
  track.addEventListener("pointermove", (event) => {
    if (event.buttons === 1 && event.pointerType === "mouse" && event.target.closest(".ruler")) seek(shareAt(event) * length);
    hover(event);
  });
  track.addEventListener("pointerleave", () => (byId("tip").hidden = cursor.hidden = true));
  byId("wider").addEventListener("click", () => setZoom(zoom * 2));
  byId("narrower").addEventListener("click", () => setZoom(zoom / 2));
  byId("whole").addEventListener("click", () => setZoom(1));
  setZoom(1);
}

function hover(event) {
  const lane = event.target.closest(".lane");
  const hide = !lane || event.pointerType !== "mouse";
  byId("tip").hidden = cursor.hidden = hide;
  if (hide) return;
  const share = shareAt(event);
  const text = event.target.closest(".item")?.tip ?? lane.tipAt?.(share);
  cursor.style.setProperty("--start", share);
  byId("tip").replaceChildren(make("b", {}, clock(share * length, 1)), text ? ` ${text}` : "");
  const [card, box] = [document.querySelector(".time").getBoundingClientRect(), byId("tip").getBoundingClientRect()];
  const left = Math.min(Math.max(event.clientX - card.left - box.width / 2, 8), card.width - box.width - 8);
  byId("tip").style.translate = `${left}px ${lane.getBoundingClientRect().top - card.top - box.height - 6}px`;
}

// Scales the timeline about the playhead; at most about 40 px a second.
function setZoom(wanted) {
  const lanes = byId("lanes");
  const most = Math.max(1, (length * 40) / Math.max(lanes.clientWidth, 1));
  zoom = Math.min(Math.max(wanted, 1), most);
  byId("track").style.setProperty("--zoom", zoom);
  byId("narrower").disabled = byId("whole").disabled = zoom === 1;
  byId("wider").disabled = zoom === most;
  lanes.scrollLeft = (now / length) * ruler.getBoundingClientRect().width - lanes.clientWidth / 2;
}
