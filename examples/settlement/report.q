<q:component name="Settlement" xmlns:q="https://quantum.lang/ns">
  <q:param name="batch" type="string" required="true"/>
  <q:param name="lines" type="array" required="true"/>
  <q:param name="counts" type="object" required="true"/>
  <q:param name="agreed" type="object" required="true"/>
  <q:param name="doctype" required="true"/>
<q:raw value="{doctype}"/>
<html lang="en">
  <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
    <title>Settlement {batch}</title>
    <style><![CDATA[
:root { color-scheme: light dark; --text: #1c1d1f; --ground: #f7f7f5; --line: #d9d9d4; --ok: #1f7a4d; --bad: #c22f2f; --note: #94640a; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e9ec; --ground: #131417; --line: #30333a; --ok: #5cc796; --bad: #f58484; --note: #e6b84a; } }
body { margin: 0 auto; max-width: 1080px; padding: 32px 20px; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
td.amount { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.why, p.hash { overflow-wrap: anywhere; }
.approved { color: var(--ok); } .rejected { color: var(--bad); } .other { color: var(--note); }
]]></style>
  </head>
  <body>
    <h1>Settlement {batch}</h1>
    <p>{lines.length} payments, {counts['approved'] ?? 0} of them approved.</p>
    <p class="hash">Agreed on in <a href="receipts/batch.json">block {agreed.height}</a> of {agreed.chain}, {agreed.block}.</p>
    <table>
      <thead><tr><th scope="col">Payment</th><th scope="col">Amount</th><th scope="col">Verdict</th><th scope="col">Reason</th><th scope="col">Why</th></tr></thead>
      <tbody>
        <q:loop items="{lines}" var="line">
          <tr><td><q:if condition="line.receipt"><a href="receipts/{line.receipt}">{line.payment}</a><q:else>{line.payment}</q:else></q:if></td><td class="amount">{line.amount}</td><td class="{line.verdict if line.verdict in ['approved', 'rejected'] else 'other'}">{line.verdict}</td><td>{line.reason}</td><td class="why">{line.why}</td></tr>
        </q:loop>
      </tbody>
    </table>
  </body>
</html>
</q:component>
