<q:component name="Report" xmlns:q="https://quantum.lang/ns">
  <q:import component="Bars"/>
  <q:param name="doctype" required="true"/>
  <q:param name="python" type="string" required="true"/>
  <q:param name="environment" type="string" required="true"/>
  <q:param name="total" type="integer" required="true"/>
  <q:param name="findings" type="array" required="true"/>
  <q:param name="kinds" type="array" required="true"/>
  <q:param name="rows" type="array" required="true"/>
  <q:param name="graph" type="object" required="true"/>
  <q:set name="count" type="integer" value="{findings.length}"/>
<q:raw value="{doctype}"/>
<html lang="en">
  <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"/>
    <title>Audit: {total} distributions, {count} findings</title>
    <style><![CDATA[
:root {
  color-scheme: light dark;
  --ground: #f7f7f5; --panel: #ffffff; --line: #e3e3df; --text: #1c1d1f; --soft: #5f646c; --band: #f3f3f0;
  --ok: #1f7a4d; --bad: #c22f2f; --note: #94640a; --plain: #2f6fb5; --okbg: #e3f4ea; --badbg: #fbe6e6; --notebg: #faf0d9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131417; --panel: #1b1d21; --line: #30333a; --text: #e8e9ec; --soft: #a3a8b0; --band: #202329;
    --ok: #5cc796; --bad: #f58484; --note: #e6b84a; --plain: #6ba8ee; --okbg: #17321f; --badbg: #3d1d20; --notebg: #352b14;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 36px 24px 72px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 17px; margin: 0; }
.head { display: flex; flex-wrap: wrap; gap: 14px; align-items: center; }
.facts { color: var(--soft); margin: 8px 0 0; overflow-wrap: anywhere; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.badge { display: inline-block; border-radius: 999px; padding: 2px 12px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.badge.ok { background: var(--okbg); color: var(--ok); }
.badge.bad { background: var(--badbg); color: var(--bad); }
.badge.note { background: var(--notebg); color: var(--note); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 14px; margin: 26px 0 0; padding: 0; }
.tile, .panel { background: var(--panel); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 16px 18px; }
.tile dt { color: var(--soft); font-size: 13px; }
.tile dd { margin: 2px 0 0; font-size: 28px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.2; }
.tile.bad dd { color: var(--bad); } .tile.ok dd { color: var(--ok); }
.panel { margin: 22px 0 0; padding: 18px 20px; }
.bar { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; justify-content: space-between; margin-bottom: 12px; }
.chips { display: flex; flex-wrap: wrap; gap: 6px; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.chips button { border: 1px solid var(--line); border-radius: 999px; padding: 2px 12px; font-size: 13px; }
.chips button[aria-pressed="true"] { background: var(--text); color: var(--ground); border-color: var(--text); }
input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 8px; padding: 5px 12px; min-width: 220px; }
:focus-visible { outline: 2px solid var(--plain); outline-offset: 2px; }
.scroll { overflow-x: auto; max-height: 560px; overflow-y: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; } tbody tr:hover { background: var(--band); }
th { position: sticky; top: 0; z-index: 1; background: var(--band); font-size: 13px; }
th button { font-weight: 600; white-space: nowrap; }
th button::after { content: " ↕"; color: var(--soft); font-weight: 400; }
th[aria-sort="ascending"] button::after { content: " ↑"; color: inherit; } th[aria-sort="descending"] button::after { content: " ↓"; color: inherit; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td code { display: block; min-width: 260px; overflow-wrap: anywhere; } td.name { font-weight: 600; white-space: nowrap; }
.soft { color: var(--soft); } .panel > p { margin: 12px 0 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 22px; }
.bars { list-style: none; margin: 12px 0 0; padding: 0; display: grid; gap: 6px; }
.bars li { display: grid; grid-template-columns: minmax(90px, 38%) 1fr 74px; gap: 10px; align-items: center; font-size: 14px; }
.bars .of { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .value { text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
.track { display: block; height: 10px; border-radius: 5px; background: var(--band); overflow: hidden; }
.track span { display: block; height: 100%; min-width: 2px; border-radius: 5px; }
.track .plain { background: var(--plain); } .track .note { background: var(--note); }
.graph { overflow-x: auto; margin-top: 12px; }
svg { display: block; }
svg rect { fill: var(--panel); stroke: var(--soft); stroke-width: 1.5; }
svg .succeeded rect { stroke: var(--ok); } svg .failed rect { stroke: var(--bad); }
svg path { fill: none; stroke: var(--soft); stroke-width: 1.4; opacity: .6; }
svg text { fill: var(--text); font-size: 13.5px; font-weight: 600; } svg text.soft { fill: var(--soft); font-size: 12px; font-weight: 400; }
footer { color: var(--soft); font-size: 13px; margin-top: 28px; }
@media print { .scroll { max-height: none; } .chips, input { display: none; } }
]]></style>
  </head>
  <body>
    <main>
      <header>
        <div class="head">
          <h1>Audit of installed distributions</h1>
          <q:if condition="count == 0"><span class="badge ok">nothing to look at</span>
            <q:elseif condition="urgent &gt; 0"><span class="badge bad">{urgent} to act on</span></q:elseif>
            <q:else><span class="badge note">{count} to look at</span></q:else>
          </q:if>
        </div>
        <p class="facts">Python {python} in <code>{environment}</code></p>
        <p class="facts">Run <code>{run}</code>, started {started}</p>
      </header>

      <dl class="tiles">
        <div class="tile"><dt>Distributions</dt><dd>{total}</dd></div>
        <div class="tile"><dt>Files hashed</dt><dd>{files}</dd></div>
        <div class="tile"><dt>Size</dt><dd>{size}</dd></div>
        <div class="tile {'ok' if count == 0 else 'note'}"><dt>Findings</dt><dd id="count">{count}</dd></div>
        <div class="tile {'ok' if urgent == 0 else 'bad'}"><dt>To act on</dt><dd>{urgent}</dd></div>
      </dl>

      <section class="panel" aria-labelledby="findings-title">
        <div class="bar">
          <h2 id="findings-title">Findings</h2>
          <q:if condition="count &gt; 0">
            <div class="chips" role="group" aria-label="Kinds of findings">
              <button type="button" data-kind="" aria-pressed="true">all {count}</button>
              <q:loop items="{kinds}" var="kind">
                <button type="button" data-kind="{kind.name}" aria-pressed="false">{kind.name} {kind.count}</button>
              </q:loop>
            </div>
            <input id="search" type="search" aria-label="Search findings" aria-controls="findings" placeholder="Search findings"/>
          </q:if>
        </div>
        <q:if condition="count &gt; 0">
          <div class="scroll" tabindex="0" role="region" aria-labelledby="findings-title">
            <table id="findings">
              <thead><tr>
                <th scope="col" aria-sort="none"><button type="button">Kind</button></th>
                <th scope="col" aria-sort="none"><button type="button">Distribution</button></th>
                <th scope="col" aria-sort="none"><button type="button">Detail</button></th>
              </tr></thead>
              <tbody>
                <q:loop items="{findings}" var="found">
                  <tr data-kind="{found.kind}"><td><span class="badge {found.tone}">{found.kind}</span></td><td class="name">{found.distribution}</td><td><code>{found.detail}</code></td></tr>
                </q:loop>
              </tbody>
            </table>
          </div>
          <p id="shown" class="soft" role="status">{count} of {count} shown</p>
          <q:else><p>Every file is as its RECORD says, and every requirement is met.</p></q:else>
        </q:if>
      </section>

      <div class="two">
        <section class="panel"><h2>Largest distributions</h2><Bars bars="{largest}" label="Largest distributions"/></section>
        <section class="panel"><h2>Licences</h2><Bars bars="{licences}" label="Distributions by licence"/></section>
      </div>

      <section class="panel" aria-labelledby="rows-title">
        <div class="bar"><h2 id="rows-title">Distributions</h2></div>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="rows-title">
          <table id="distributions">
            <thead><tr>
              <th scope="col" aria-sort="none"><button type="button">Name</button></th>
              <th scope="col" aria-sort="none"><button type="button">Version</button></th>
              <th scope="col" aria-sort="none"><button type="button">Licence</button></th>
              <th scope="col" class="number" aria-sort="none"><button type="button">Files</button></th>
              <th scope="col" class="number" aria-sort="none"><button type="button">Size</button></th>
              <th scope="col" class="number" aria-sort="none"><button type="button">Findings</button></th>
            </tr></thead>
            <tbody>
              <q:loop items="{rows}" var="row">
                <tr><td class="name">{row.name}<q:if condition="row.editable"> <span class="badge note">editable</span></q:if></td><td>{row.version}</td><td>{row.licence}</td><td class="number" data-value="{row.files}">{row.files}</td><td class="number" data-value="{row.bytes}">{row.size}</td><td class="number" data-value="{row.findings}">{row.findings}</td></tr>
              </q:loop>
            </tbody>
          </table>
        </div>
      </section>

      <section class="panel" aria-labelledby="run-title">
        <h2 id="run-title">The run that found this</h2>
        <div class="graph" tabindex="0" role="region" aria-labelledby="run-title">
          <svg id="run" role="img" aria-label="Steps of the run and what each waited for" width="{graph.width}" height="{graph.height}" viewBox="0 0 {graph.width} {graph.height}">
            <q:loop items="{graph.paths}" var="path"><path d="{path}"/></q:loop>
            <q:loop items="{graph.boxes}" var="box">
              <g class="{box.status}" transform="translate({box.x} {box.y})"><title>{box.name}: {box.status}, {box.note}</title><rect width="148" height="46" rx="9"/><text x="14" y="20">{box.name}</text><text class="soft" x="14" y="36">{box.note}</text></g>
            </q:loop>
          </svg>
        </div>
      </section>
      <footer>Made by the workflow <code>audit.yaml</code> from the template <code>report.q</code>; the same facts are in report.md and report.json.</footer>
    </main>
    <script><![CDATA[
"use strict";
const valueOf = (row, at) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const each of heads) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, at), row]);
    rows.sort((a, b) => (rising ? 1 : -1) * compare(a[0], b[0]));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }));
}
const search = document.getElementById("search");
if (search) {
  const chips = [...document.querySelectorAll(".chips button")];
  const rows = [...document.getElementById("findings").tBodies[0].rows];
  let kind = "";
  const show = () => {
    const words = search.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = (kind && row.dataset.kind !== kind) || !row.textContent.toLowerCase().includes(words);
      shown += row.hidden ? 0 : 1;
    }
    document.getElementById("shown").textContent = `${shown} of ${rows.length} shown`;
  };
  search.addEventListener("input", show);
  for (const chip of chips) chip.addEventListener("click", () => {
    kind = chip.dataset.kind;
    for (const each of chips) each.setAttribute("aria-pressed", String(each === chip));
    show();
  });
}
]]></script>
  </body>
</html>
</q:component>
