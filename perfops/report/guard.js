"use strict";
// Whatever goes wrong is said in the page itself: who was mailed it has no console open.
document.documentElement.classList.add("js");
for (const kind of ["error", "securitypolicyviolation", "unhandledrejection"]) {
  addEventListener(kind, (event) => {
    const box = document.getElementById("errors");
    box.hidden = false;
    box.append(`Something in this page failed: ${event.message || event.violatedDirective || event.reason}. The tables are whole.\n`);
  });
}
