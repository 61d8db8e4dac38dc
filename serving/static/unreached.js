// Says that the service was not reached: the one failure that it cannot tell of itself.
const words = document.getElementById("unreached");
const place = document.getElementById("failed");
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => place.replaceChildren(words.content.cloneNode(true)));
}
