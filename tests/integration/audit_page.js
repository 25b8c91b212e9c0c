// What a person would do with the audit's page and see of it, told as JSON in `#seen`.
{
  const seen = {errors: window.failures};
  const column = (id, at) => [...document.getElementById(id).tBodies[0].rows]
    .filter((row) => !row.hidden).map((row) => row.cells[at].textContent.trim());
  const press = (id, at) => {
    const head = document.getElementById(id).tHead.rows[0].cells[at];
    head.querySelector("button").click();
    return head.getAttribute("aria-sort");
  };
  seen.up = [press("findings", 1), column("findings", 1)];
  seen.down = [press("findings", 1), column("findings", 1)];
  seen.natural = [press("findings", 2), column("findings", 2).filter((each) => each.includes("data"))];
  seen.size = [press("distributions", 4), column("distributions", 4)];
  seen.sorted = document.querySelectorAll('#distributions th[aria-sort="ascending"]').length;
  document.querySelector('.chips [data-kind="missing"]').click();
  seen.kind = column("findings", 1);
  const search = document.getElementById("search");
  search.value = "DATA9";
  search.dispatchEvent(new Event("input"));
  seen.search = column("findings", 1);
  seen.said = document.getElementById("shown").textContent;
  seen.pressed = [...document.querySelectorAll('[aria-pressed="true"]')].map((each) => each.dataset.kind);
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3).map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  seen.faint = [...document.querySelectorAll("body *:not(script, svg, svg *)")]
    .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((each) => each.checkVisibility())
    .map((each) => {
      const [a, b] = [light(getComputedStyle(each).color), light(ground(each))];
      return [each.textContent.slice(0, 20), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    })
    .filter(([, contrast]) => contrast < 4.5);
  seen.unnamed = [...document.querySelectorAll("button, input, section, [role=region], [role=img]")]
    .filter((each) => !(each.textContent.trim() || each.getAttribute("aria-label"))).length;
  seen.wide = document.documentElement.scrollWidth > innerWidth;
  seen.dark = matchMedia("(prefers-color-scheme: dark)").matches;
  seen.title = document.title;
  document.body.innerHTML = "<pre id=seen></pre>";
  document.getElementById("seen").textContent = encodeURIComponent(JSON.stringify(seen));
}
