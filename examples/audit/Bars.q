<q:component name="Bars" xmlns:q="https://quantum.lang/ns">
  <q:param name="bars" type="array" required="true"/>
  <q:param name="label" type="string" required="true"/>
  <ul class="bars" aria-label="{label}">
    <q:loop items="{bars}" var="bar">
      <li><span class="of">{bar.name}</span>
        <span class="track" aria-hidden="true"><span class="{bar.tone}" style="width: {bar.share}%"></span></span>
        <span class="value">{bar.value}</span></li>
    </q:loop>
  </ul>
</q:component>
