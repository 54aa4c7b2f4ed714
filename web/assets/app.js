// Everything works without this file: it folds the navigation away on narrow screens, helps the skip link, shows the
// progress of a run as it happens, and looks again whether a file is there.
import { createAll, Button, ErrorSummary, NotificationBanner, Radios, ServiceNavigation, SkipLink } from './govuk/govuk-frontend.min.js'

for (const component of [Button, ErrorSummary, NotificationBanner, Radios, ServiceNavigation, SkipLink]) createAll(component)

const live = document.querySelector('[data-events]')
if (live) {
  const events = new EventSource(live.dataset.events)
  events.addEventListener('steps', e => { live.innerHTML = e.data })
  events.addEventListener('log', e => { document.getElementById('log-rows').insertAdjacentHTML('beforeend', e.data) })
  events.addEventListener('end', () => { events.close(); location.reload() })
  addEventListener('pagehide', () => events.close())
}

// A page that waits for something, such as a file being made, looks again.
const wait = document.querySelector('[data-reload]')
if (wait) setTimeout(() => location.reload(), Number(wait.dataset.reload))
