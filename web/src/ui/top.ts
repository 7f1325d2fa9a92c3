/** A screen that one goes to begins at its top; one that one comes back to is where it was left. What stops it. */
export function fromTheTop(): () => void {
  let path = location.pathname;
  const gone = (event: Event) => {
    if (event.type !== "popstate" && location.pathname !== path) scrollTo(0, 0);
    path = location.pathname;
  };
  const moves = ["pushState", "replaceState", "popstate"]; // the first two are the router's own events
  for (const move of moves) addEventListener(move, gone);
  return () => {
    for (const move of moves) removeEventListener(move, gone);
  };
}
