"use strict";
// Without this script the page is complete: columns of the charts then show their figures as the browser's own hints.
for (const button of document.querySelectorAll("[data-open], [data-close]")) {
  const tree = document.getElementById(button.dataset.open || button.dataset.close);
  button.addEventListener("click", () => {
    for (const node of tree.querySelectorAll("details.node")) node.open = "open" in button.dataset;
  });
}

const tip = document.getElementById("tip");
for (const chart of document.querySelectorAll("svg.chart")) {
  const marks = [...chart.querySelectorAll("g")].map((group) => {
    const title = group.querySelector("title");
    title.remove();
    return { group, x: Number(group.dataset.x), text: title.textContent };
  });
  const cursor = chart.querySelector(".cursor");
  let chosen = -1;

  const hide = () => {
    if (chosen >= 0) marks[chosen].group.classList.remove("on");
    chosen = -1;
    tip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  };
  const show = (index) => {
    hide();
    chosen = Math.max(0, Math.min(marks.length - 1, index));
    const mark = marks[chosen];
    mark.group.classList.add("on");
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("transform", `translate(${mark.x})`);
    tip.textContent = mark.text;
    tip.hidden = false;
    const box = chart.getBoundingClientRect();
    const x = box.left + mark.x * (box.width / chart.viewBox.baseVal.width);
    const right = x + 16 + tip.offsetWidth > window.innerWidth;
    tip.style.left = `${Math.max(4, right ? x - 16 - tip.offsetWidth : x + 16)}px`;
    tip.style.top = `${Math.max(4, Math.min(box.top + 60, window.innerHeight - tip.offsetHeight - 4))}px`;
  };
  const nearest = (event) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) * (chart.viewBox.baseVal.width / box.width);
    let best = 0;
    marks.forEach((mark, index) => {
      if (Math.abs(mark.x - x) < Math.abs(marks[best].x - x)) best = index;
    });
    return best;
  };

  chart.addEventListener("pointermove", (event) => show(nearest(event)));
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    const next = {
      ArrowRight: chosen + 1,
      ArrowLeft: chosen < 0 ? marks.length - 1 : chosen - 1,
      Home: 0,
      End: marks.length - 1,
    }[event.key];
    if (event.key === "Escape") hide();
    if (next === undefined) return;
    event.preventDefault();
    const middle = marks[Math.max(0, Math.min(marks.length - 1, next))].x - chart.parentElement.clientWidth / 2;
    chart.parentElement.scrollLeft = middle;
    show(next);
  });
}
