// The search: hides what does not match in the lists, dims it on the timeline; Enter goes from hit to hit.

const entries = []; // {text, start, element}
let hits = [];
let hit = -1;

// Accents and case do not matter to a search.
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function searchable(text, start, element) {
  entries.push({ text: folded(text), start, element });
}

function find() {
  const wanted = folded(byId("search").value.trim());
  hits = [];
  hit = -1;
  for (const { text, start, element } of entries) {
    const match = !wanted || text.includes(wanted);
    element.classList.toggle("miss", !match);
    if (match && wanted) hits.push({ start, element });
  }
  const listed = hits.filter(({ element }) => !element.matches(".item"));
  hits = listed.sort((one, two) => one.start - two.start);
  markWords(wanted);
  byId("hits").textContent = wanted ? many(hits.length, "hit") : "";
}

function markWords(wanted) {
  const parts = wanted.split(/\s+/).filter(Boolean);
  for (const word of document.querySelectorAll(".word")) word.classList.toggle("found", parts.some((part) => folded(word.textContent).includes(part)));
}

function makeSearch() {
  byId("search").addEventListener("input", find);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      byId("search").value = "";
      find();
    }
    if (event.key !== "Enter" || !hits.length) return;
    hit = (hit + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
    seek(hits[hit].start);
    byId("hits").textContent = `${hit + 1} of ${many(hits.length, "hit")}`;
  });
}
