"use strict";
// The token is what follows the `#` of the address. It goes along in a header, and nowhere else.
{
  const token = decodeURIComponent(location.hash.slice(1));
  const portal = document.getElementById("portal");
  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["tidings-portal"] = token; });
  document.addEventListener("htmx:sendError", () => { portal.querySelector("[data-lost]").hidden = false; });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== portal) return;
    portal.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  });
  // A new link in the same tab is another visit.
  window.addEventListener("hashchange", () => location.reload());
  const begin = () => window.htmx.ajax("GET", "/portal/webhooks", { target: "#portal" });
  if (token) begin(); else portal.querySelector("[data-waiting]").textContent = "This address is not whole: open the link as it was given to you.";
}
