"use strict";
// Two pictures of the grid one over the other; the range, or a finger on the picture, moves the cut between them.
for (const box of document.querySelectorAll(".slider")) {
  const rows = [...document.getElementById(box.dataset.grid).tBodies[0].rows];
  const stage = box.querySelector(".stage");
  const range = box.querySelector("input");
  const reading = box.querySelector("output");
  const choice = (role) => box.querySelector(`[data-role="${role}"]`);
  const under = new Image();
  const over = new Image();
  over.className = "over";
  stage.prepend(under, over);

  function cut() {
    stage.style.setProperty("--cut", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % ${name("left")}, the rest ${name("right")}`);
  }
  const name = (role) => choice(role).selectedOptions[0].textContent;

  function show() {
    const row = rows[Number(choice("picture").value)];
    for (const [image, role] of [[over, "left"], [under, "right"]]) {
      const shown = row.cells[Number(choice(role).value) + 1].querySelector("img");
      image.src = shown.src;
      image.alt = shown.alt;
    }
    reading.textContent = `left: ${over.alt}; right: ${under.alt}`;
    cut();
  }

  function drag(event) {
    if (!(event.buttons & 1)) return;
    const place = stage.getBoundingClientRect();
    range.value = Math.round((100 * (event.clientX - place.left)) / place.width);
    cut();
  }
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    drag(event);
  });
  stage.addEventListener("pointermove", drag);
  range.addEventListener("input", cut);
  box.querySelector(".controls").addEventListener("change", show);
  box.hidden = false;
  show();
}
