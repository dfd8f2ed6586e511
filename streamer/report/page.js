// The page: everything is built once, then follows the time.

function makeAbout() {
  const { duration, media, profile } = data.film;
  const chosen = [media.video, media.audio].map((words) => words?.replace(/^track \d+: /, ""));
  const about = [clock(duration), ...chosen, profile && `profile ${profile}`];
  byId("about").textContent = about.filter(Boolean).join(" · ");
}

function onKey(event) {
  const busy = event.target.closest("input, video, audio, button, summary, a, [role=slider]");
  if (event.ctrlKey || event.metaKey || event.altKey || (busy && !["[", "]", "/"].includes(event.key)) || event.target.matches("input")) return;
  const starts = instances("events").map(({ start }) => start);
  const actions = {
    " ": toggle,
    ArrowLeft: () => seek(now - 5),
    ArrowRight: () => seek(now + 5),
    "[": () => seek(starts.filter((start) => start < now - 0.5).at(-1) ?? 0),
    "]": () => seek(starts.find((start) => start > now + 0.05) ?? now),
    "/": () => byId("search").focus(),
  };
  if (!(event.key in actions)) return;
  event.preventDefault();
  actions[event.key]();
}

makePlayer();
makeAbout();
makeTimeline();
makePanels();
makeSearch();
document.addEventListener("keydown", onKey);
tell(0);
