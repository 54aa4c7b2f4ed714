// Only pages of somebody who has agreed to analytics have this file. It counts that a page of this kind was seen. Google is
// not told the page's address, title or what led here, which may have the number or name of a school or a search.
{
  const { id, source, page, title } = document.currentScript.dataset
  window.dataLayer = window.dataLayer || []
  const gtag = function () { window.dataLayer.push(arguments) }
  gtag('consent', 'default', { analytics_storage: 'granted', ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied' })
  gtag('set', { allow_google_signals: false, allow_ad_personalization_signals: false })
  gtag('js', new Date())
  gtag('config', id, {
    page_location: location.origin + page,
    page_referrer: location.origin + '/',
    page_title: title,
    cookie_domain: 'none',
    cookie_expires: 365 * 24 * 60 * 60,
    cookie_flags: 'SameSite=Lax' + (location.protocol === 'https:' ? ';Secure' : '')
  })
  const script = document.createElement('script')
  script.async = true
  script.src = source
  document.head.append(script)
}
