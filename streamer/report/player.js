// The player: a film inside the page, beside it, a proxy, or none; the page's own clock follows it.

const followers = []; // called with the time in seconds whenever it may have changed
let now = 0;
let media;

function tell(time) {
  now = Math.min(Math.max(time, 0), length);
  for (const told of followers) told(now);
}

function seek(time) {
  const wanted = Math.min(Math.max(time, 0), length);
  if (media.src) media.currentTime = wanted;
  tell(wanted);
}

function toggle() {
  if (!media.src) return;
  if (media.paused) media.play();
  else media.pause();
}

function makePlayer() {
  const { how, address, kind, note } = data.player;
  media = make(kind, { controls: true, preload: "metadata", playsinline: true, "aria-label": data.film.name });
  byId("screen").append(make("div", { class: "frame" }, media));
  byId("screen").classList.add(kind);
  media.addEventListener("error", () => ask(kind));
  for (const name of ["seeked", "timeupdate"]) media.addEventListener(name, followMedia);
  media.addEventListener("play", () => requestAnimationFrame(tick));
  if (kind === "video") addCaptions();
  if (note) byId("note").textContent = note;
  byId("note").hidden = !note;
  if (how === "embedded") setTimeout(embed); // after the first paint: it takes a moment
  else if (how === "none") byId("screen").hidden = true;
  else media.src = address;
  keepInSight();
}

// Once it has been used, the player stays in a corner of the window while its place is out of sight.
function keepInSight() {
  const screen = byId("screen");
  let away = false;
  const move = () => screen.classList.toggle("away", away && now > 0);
  followers.push(move);
  new IntersectionObserver(([place]) => {
    away = !place.isIntersecting;
    move();
  }).observe(screen);
}

// While it is on its way elsewhere, the player still tells of where it was.
function followMedia() {
  if (!media.seeking) tell(media.currentTime);
}

function tick() {
  followMedia();
  if (!media.paused) requestAnimationFrame(tick);
}

// The base64 in the page becomes a file of the browser's, which seeks better than a data: address.
function embed() {
  const text = byId("film").textContent;
  byId("film").remove();
  const bytes = atob(text);
  const content = new Uint8Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) content[index] = bytes.charCodeAt(index);
  open(new Blob([content], { type: data.player.type }));
}

function open(file) {
  media.src = URL.createObjectURL(file);
  media.currentTime = now;
}

// The film cannot be loaded: it may have been moved, or this browser may not know its codecs.
function ask(kind) {
  if (document.querySelector(".ask")) return;
  const input = make("input", { type: "file", accept: `${kind}/*` });
  input.addEventListener("change", () => input.files.length && open(input.files[0]));
  const label = make("label", { class: "choose" }, "Choose the film…", input);
  byId("screen").append(make("div", { class: "ask", role: "alert" }, make("p", {}, "The film is not where it was, or this browser cannot play it."), label));
  media.addEventListener("loadeddata", () => document.querySelector(".ask")?.remove());
}

function addCaptions() {
  const track = media.addTextTrack("captions", "Captions", data.concepts.transcript[0]?.language ?? "");
  for (const [start, end, text] of data.captions) track.addCue(new VTTCue(start, end, text));
}
