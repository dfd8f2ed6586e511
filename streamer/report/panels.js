// What is listed beside and below the film: transcript, events and why, descriptions, text, mood, and how it was made.

const UNSURE = 0.5; // probability below which a word is marked

function makePanels() {
  makeScript();
  makeNow();
  const column = (...cards) => make("div", { class: "column" }, cards);
  byId("panels").append(eventCard(), column(sceneCard(), soundCard()), column(textCard(), moodCard()));
  byId("made").append(modelCard(), observedCard(), fileCard());
}

// --- the transcript ---

function makeScript() {
  const script = byId("script");
  const blocks = instances("transcript").map(speechBlock);
  if (!blocks.length) script.append(make("p", { class: "quiet none" }, "Nobody speaks in this film, as far as could be heard."));
  script.append(...blocks.map(({ block }) => block));
  script.classList.toggle("many", blocks.length > LONG);
  let reading = 0; // when the reader last scrolled or pointed here: then the page does not scroll for them
  for (const kind of ["wheel", "pointermove", "touchmove"]) script.addEventListener(kind, () => (reading = performance.now()), { passive: true });
  const follow = follower(blocks.map(({ speech }) => speech), (index, on) => {
    blocks[index].block.classList.toggle("current", on);
    if (on && performance.now() - reading > 3000) reveal(script, blocks[index].block);
  });
  const words = blocks.flatMap(({ words }) => words);
  const followWords = follower(words, (index, on) => words[index].element.classList.toggle("current", on));
  followers.push(follow, followWords);
}

function speechBlock(speech) {
  const words = speech.words.map((word) => ({ ...word, element: wordSpan(word) }));
  const unknown = `Speech, words unknown${speech.reason ? ` (${plain(speech.reason)})` : ""}`;
  const text = speech.text === null ? [make("i", { class: "quiet" }, unknown)] : spaced(speech.text, words);
  const said = make("p", { lang: speech.language, dir: "auto" }, text);
  const translation = speech.translation ? make("p", { class: "translation quiet", lang: "en" }, speech.translation) : null;
  const block = make("div", { class: "speech" }, timeButton(speech.start), make("div", {}, said, translation));
  searchable(`${speech.text ?? ""} ${speech.translation ?? ""}`, speech.start, block);
  return { speech, block, words };
}

function wordSpan(word) {
  const unsure = word.confidence < UNSURE;
  const title = `${clock(word.start, 1)}${unsure ? `, unsure: ${percent(word.confidence)}` : ""}`;
  return make("span", { class: unsure ? "word unsure" : "word", title, click: () => seek(word.start) }, word.text.trim());
}

// The words with whatever stands between them in the text: nothing at all in scripts without spaces.
function spaced(text, words) {
  if (!words.length) return [text];
  let position = 0;
  return words.flatMap((word, index) => {
    const found = text.indexOf(word.text.trim(), position);
    const between = found < 0 ? " " : text.slice(position, found);
    if (found >= 0) position = found + word.text.trim().length;
    return index ? [between, word.element] : [word.element];
  });
}

// Tells which of the spans (sorted by start) the time is in, when that changes: the last one that has begun.
function follower(spans, change) {
  let current = -1;
  return (time) => {
    let [low, high] = [0, spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle].start <= time + 0.01) low = middle + 1;
      else high = middle;
    }
    const index = low > 0 && time < spans[low - 1].end ? low - 1 : -1;
    if (index === current) return;
    if (current >= 0) change(current, false);
    current = index;
    if (current >= 0) change(current, true);
  };
}

function reveal(box, element) {
  const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.scrollTo({ top: element.offsetTop - box.clientHeight / 3, behavior: smooth ? "smooth" : "auto" });
}

// --- what is described, heard and written at the playhead ---

function makeNow() {
  const scenes = instances("descriptions");
  const sounds = instances("sounds").map((sound) => ({ ...sound, sense: "sound", text: plain(sound.label) }));
  const marks = [...sounds, ...instances("screen_text").map((text) => ({ ...text, sense: "ocr" }))];
  if (!scenes.length && !marks.length) return;
  const [scene, chips] = [make("p", { dir: "auto" }), make("p", { class: "chips" })];
  byId("now").append(scene, chips);
  byId("now").hidden = false;
  let shown = null;
  followers.push((time) => {
    const here = scenes.filter((one) => one.start <= time + 0.01).at(-1);
    const on = marks.filter((mark) => mark.start <= time + 0.01 && time < mark.end).slice(0, 8);
    const key = JSON.stringify([here?.start, on.map((mark) => [mark.text, mark.sense])]);
    if (key === shown) return;
    shown = key;
    scene.textContent = here && time < here.end ? here.text : "";
    chips.replaceChildren(...on.map((mark) => make("span", { class: `sense ${mark.sense}`, dir: "auto" }, mark.text)));
  });
}

// --- events and why ---

function eventCard() {
  const events = instances("events");
  const rows = events.map(eventRow);
  followers.push((time) => events.forEach((event, index) => rows[index].classList.toggle("current", event.start <= time + 0.01 && time < event.end)));
  return card("Events", events.length, rows, "None of the things that were asked for was found.", "events");
}

function eventRow(event) {
  const times = `${clock(event.start, 1)} – ${clock(event.end, 1)}`;
  const title = `threshold ${percent(event.threshold)}`;
  const meter = make("span", { class: `meter ${strongest(event)}`, "--share": event.confidence, "--threshold": event.threshold, title });
  const loud = event.severity === "warning" || event.severity === "critical";
  const head = [
    make("span", { class: `what sense ${strongest(event)}` }, plain(event.label)),
    loud ? make("span", { class: `severity ${event.severity}` }, event.severity) : null,
    make("span", { class: "when" }, times),
    make("span", { class: "sure" }, meter, percent(event.confidence)),
  ];
  const go = make("button", { type: "button", class: "event", click: () => seek(event.start) }, head);
  const summary = make("summary", { "aria-label": `Why ${plain(event.label)} at ${clock(event.start)}` }, "Why");
  const row = make("li", {}, go, make("details", {}, summary, why(event)));
  searchable(`${plain(event.label)} ${event.evidence.map((piece) => piece.quote ?? "").join(" ")}`, event.start, row);
  return row;
}

function why(event) {
  const shares = Object.entries(event.contributions);
  const most = Math.max(0.1, ...shares.map(([, value]) => Math.abs(value)));
  const bars = shares.map(([name, value]) => {
    const bar = make("span", { class: `push ${name} ${value < 0 ? "against" : "for"}`, "--size": Math.abs(value) / most });
    return make("li", {}, make("span", {}, SENSES[name] ?? name), bar, make("span", { class: "number" }, signed(value)));
  });
  const total = shares.reduce((sum, [, value]) => sum + value, 0);
  const meaning = event.calibration === "fitted" ? "a fitted probability" : "a score, not a fitted probability";
  const sum = `In all ${signed(total)} log-odds at its strongest moment. The confidence is ${meaning}.`;
  const states = Object.entries(event.modalities).map(([name, state]) => {
    return `${SENSES[name] ?? name}: ${STATUS[state.status]}${state.status === "present" ? ` ${percent(state.coverage)}` : ""}`;
  });
  const models = Object.entries(event.models).map(([role, name]) => `${plain(role)}: ${name}`);
  const pushes = shares.length ? [make("ul", { class: "pushes" }, bars), make("p", { class: "quiet" }, sum)] : [];
  const evidence = make("ul", { class: "evidence" }, event.evidence.map(evidenceRow));
  return make("div", { class: "why" }, pushes, evidence, small(states), small(models));
}

const small = (parts) => (parts.length ? make("p", { class: "quiet small" }, parts.join(" · ")) : null);

function evidenceRow(piece) {
  const quote = piece.quote ? make("q", { dir: "auto" }, piece.quote) : null;
  const picture = piece.ref ? thumb(piece.ref, piece.start) : null;
  const weight = make("span", { class: "quiet small" }, `attention ${percent(piece.weight)}`);
  const sense = make("span", { class: `sense ${piece.modality}` }, SENSES[piece.modality]);
  return make("li", {}, timeButton(piece.start, clock(piece.start, 1)), sense, quote, picture, weight);
}

// --- descriptions, writing, sounds, mood ---

function sceneCard() {
  const scenes = instances("descriptions");
  const rows = scenes.map((scene) => {
    const row = make("li", { class: "line" }, timeButton(scene.start), make("p", { lang: scene.language, dir: "auto" }, scene.text));
    searchable(scene.text, scene.start, row);
    return row;
  });
  return card("Descriptions", scenes.length, rows, "Nothing was described.", "scenes");
}

// One row a text; each stretch in which it was there is a button.
function textCard() {
  const rows = data.concepts.screen_text.map((thing) => {
    const [left, top, right, bottom] = thing.instances[0].box;
    const spot = make("span", { class: "spot", "--left": left, "--top": top, "--wide": right - left, "--high": bottom - top, title: "where in the picture" });
    const row = make("li", { class: "line" }, spot, make("p", { dir: "auto" }, thing.text), make("span", { class: "times" }, timesOf(thing)));
    searchable(thing.text, thing.instances[0].start, row);
    return row;
  });
  return card("On-screen text", rows.length, rows, "No writing was read in the picture.", "written");
}

function soundCard() {
  const rows = data.concepts.sounds.map((thing) => {
    const row = make("li", { class: "line" }, make("span", { class: "sense sound" }, plain(thing.label)), make("span", { class: "times" }, timesOf(thing)));
    searchable(plain(thing.label), thing.instances[0].start, row);
    return row;
  });
  return card("Sounds", rows.length, rows, "No sound with a name was heard.", "heard");
}

function timesOf(thing) {
  const shown = thing.instances.slice(0, 12).map((one) => timeButton(one.start));
  const more = thing.instances.length - shown.length;
  return more > 0 ? [...shown, make("span", { class: "quiet" }, `and ${more} more`)] : shown;
}

function moodCard() {
  const moods = instances("sentiment");
  const known = moods.filter((mood) => mood.valence !== null);
  const rows = moods.flatMap((mood) => mood.conflicts).map((conflict) => make("li", { class: "line" }, timeButton(conflict.start), make("p", {}, conflict.wording)));
  const mean = known.reduce((sum, mood) => sum + mood.valence, 0) / known.length;
  const reasons = [...new Set(moods.filter((mood) => mood.valence === null).map((mood) => plain(mood.reason ?? "not known")))];
  const lines = [];
  if (known.length) lines.push(`On average ${signed(mean)} on a scale from −1 to +1, known in ${known.length} of ${many(moods.length, "window")}.`);
  if (reasons.length) lines.push(`Elsewhere unknown: ${reasons.join("; ")}.`);
  if (known.length && !rows.length) lines.push("The senses do not contradict each other.");
  const section = card("Mood", 0, rows, "", "feeling");
  section.querySelector("h2").after(...lines.map((line) => make("p", { class: "quiet" }, line)));
  section.querySelector(".none")?.remove();
  if (!moods.length) section.append(make("p", { class: "quiet" }, "The mood was not judged."));
  return section;
}

// --- how it was made ---

function modelCard() {
  const names = { ScreenText: ["line of text", "lines of text"], SceneDescription: ["description"], Sentiment: ["mood"], Keyframe: ["picture"] };
  const rows = data.models.map(({ role, name, results }) => {
    const counts = Object.entries(results).map(([type, count]) => many(count, ...(names[type] ?? [type.toLowerCase()])));
    const model = make("p", {}, name, make("span", { class: "quiet small" }, ` ${plain(role)}`));
    return make("li", { class: "line" }, model, make("span", { class: "quiet small" }, counts.join(", ")));
  });
  return card("Which model said what", 0, rows, "No model was used: only facts are shown.", "models");
}

function observedCard() {
  const rows = Object.keys(SENSES).map(observedRow);
  const lost = data.lost.map((gap) => {
    const what = `${clock(gap.start, 1)} – ${clock(gap.end, 1)} lost: ${plain(gap.cause)}${gap.modality ? ` (${SENSES[gap.modality]})` : ""}`;
    return make("li", { class: "line" }, timeButton(gap.start), make("p", {}, what));
  });
  const trained = data.trained ? [make("li", { class: "line" }, make("p", {}, trainedText(data.trained)))] : [];
  return card("What could be observed", 0, [...rows.filter(Boolean), ...lost, ...trained], "Nothing is known about it.", "coverage");
}

// Where a trained fusion runs: in how many windows it spoke for the labels it knows.
function trainedText({ windows, in_reach }) {
  const reach = in_reach ? `spoke in ${in_reach} of ${many(windows, "window")}` : "did not speak: the film is unlike what it was trained on";
  return `The trained fusion ${reach}${in_reach && in_reach < windows ? "; the others are unlike what it was trained on" : ""}.`;
}

// How much of the film a sense could observe, and where it could not.
function observedRow(sense) {
  const stretches = data.observed.filter((stretch) => stretch.modality === sense);
  if (!stretches.length) return null;
  const observed = ({ start, end, coverage, status }) => (end - start) * (status === "silent" ? 1 : coverage);
  const share = Math.min(1, stretches.reduce((sum, stretch) => sum + observed(stretch), 0) / length);
  const missing = stretches.filter(({ status, coverage }) => status !== "silent" && (status !== "present" || coverage < 0.95));
  const shown = missing.slice(0, 6).flatMap((stretch) => {
    const span = timeButton(stretch.start, `${clock(stretch.start)} – ${clock(stretch.end)}`);
    return [span, ` ${stretch.status === "present" ? `only ${percent(stretch.coverage)}` : STATUS[stretch.status]} `];
  });
  const rest = missing.length > 6 ? `and ${missing.length - 6} more` : "";
  const meter = make("span", { class: `meter ${sense}`, "--share": share });
  const text = make("p", {}, meter, ` ${percent(share)} `, make("span", { class: "quiet small" }, shown, rest));
  return make("li", { class: "line" }, make("span", { class: `sense ${sense}` }, SENSES[sense]), text);
}

function fileCard() {
  const files = {
    "captions.vtt": "subtitles for the web",
    "captions.srt": "subtitles for players",
    "chapters.vtt": "chapters",
    "insights.json": "everything by concept",
    "results.jsonl": "every result, a line each",
  };
  const rows = Object.entries(files).map(([name, what]) => {
    return make("li", { class: "line" }, make("a", { href: name }, name), make("span", { class: "quiet" }, ` ${what}`));
  });
  const media = Object.entries(data.film.media).map(([name, value]) => `${plain(name)}: ${value}`);
  const section = card("Files", 0, rows, "", "files");
  section.append(...media.map((line) => make("p", { class: "quiet small" }, line)));
  return section;
}
