// Runs before the first paint, so that a dark page never flashes light.
// A classic script of its own: the content security policy allows no inline one.
(function () {
  var choice = 'system';
  try {
    choice = localStorage.getItem('berth.theme') || 'system';
  } catch {
    // Storage is off: follow the system.
  }
  var dark =
    choice === 'dark' ||
    (choice !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
