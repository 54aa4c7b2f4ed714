// Stands in for Google's script in tests: sets its cookies, and reports a page view as the page's own script told it to.
// What the page does not tell it would report itself: the address, the title and what led to the page.
{
  const source = new URL(document.currentScript.src)
  const id = source.searchParams.get('id')
  const config = {}
  for (const [verb, name, values] of window.dataLayer) {
    if (verb === 'config' && name === id) Object.assign(config, values)
  }
  const cookie = (name, value) => { document.cookie = name + '=' + value + '; path=/; max-age=' + config.cookie_expires + (config.cookie_domain === 'none' ? '' : '; domain=' + location.hostname) }
  cookie('_ga', 'GA1.1.1.1')
  cookie('_ga_' + id.replace('G-', ''), 'GS1.1')
  const report = new URL('/g/collect', source)
  report.searchParams.set('v', '2')
  report.searchParams.set('tid', id)
  report.searchParams.set('en', 'page_view')
  report.searchParams.set('dl', config.page_location ?? location.href)
  report.searchParams.set('dr', config.page_referrer ?? document.referrer)
  report.searchParams.set('dt', config.page_title ?? document.title)
  fetch(report, { method: 'POST', keepalive: true, mode: 'no-cors' })
}
