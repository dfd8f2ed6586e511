"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const length = Math.max(data.film.duration, 0.001); // seconds
const SENSES = { vision: "seen", sound: "heard", text: "said", ocr: "written" };
const LONG = 100; // rows above which a list draws only those in view
const STATUS = {
  present: "observed",
  silent: "nothing there",
  no_track: "no such track in the film",
  stale: "old data only",
  late: "came too late",
  failed: "could not be read",
  dropped: "left out under load",
};

const byId = (id) => document.getElementById(id);

// An element. Strings among the children become text, never markup: whatever is in `data` may be hostile.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else if (name === "click") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// The instances of a concept in order of time, each with the fields of its thing.
function instances(concept) {
  const all = data.concepts[concept].flatMap(({ instances, ...thing }) => instances.map((instance) => ({ ...thing, ...instance })));
  return all.sort((one, two) => one.start - two.start);
}

// 75.25 → "1:15", with `decimals` = 1: "1:15.2"
function clock(seconds, decimals = 0) {
  const unit = 10 ** decimals;
  const ticks = Math.floor(Math.max(0, seconds) * unit + 1e-6);
  const whole = Math.floor(ticks / unit);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const fraction = decimals ? "." + String(ticks % unit).padStart(decimals, "0") : "";
  const pad = (number) => String(number).padStart(2, "0");
  return (hours ? `${hours}:${pad(minutes)}` : `${minutes}`) + `:${pad(rest)}${fraction}`;
}

const percent = (share) => `${Math.round(share * 100)} %`;
const plain = (label) => label.replaceAll("_", " ");
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
const many = (count, one, more = one + "s") => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

// A button that shows a time and seeks to it.
function timeButton(time, label = clock(time)) {
  return make("button", { type: "button", class: "at", "aria-label": `Go to ${clock(time, 1)}`, click: () => seek(time) }, label);
}

function thumb(ref, time) {
  const image = make("img", { src: ref, alt: `Picture at ${clock(time, 1)}`, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.remove());
  return image;
}

// A titled card of a list; one line instead where there is nothing to list.
function card(title, count, rows, nothing, kind = "") {
  const kinds = `rows scroll ${rows.length > LONG ? "many" : ""}`;
  const list = make("ul", { class: kinds, tabindex: 0, "aria-label": title }, rows);
  const body = rows.length ? list : make("p", { class: "quiet none" }, nothing);
  return make("section", { class: `card ${kind}` }, make("h2", {}, title, count ? make("span", { class: "count" }, count) : null), body);
}
