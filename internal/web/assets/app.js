// Everything works without this file: it folds the navigation away on narrow screens and helps the skip link.
import { createAll, ServiceNavigation, SkipLink } from './govuk/govuk-frontend.min.js'

createAll(ServiceNavigation)
createAll(SkipLink)
