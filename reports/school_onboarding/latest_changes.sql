SELECT c.urn, r.name, c.action, c.reason, c.column_name, c.old, c.new, f.published_at
FROM reports.refreshes f
JOIN reports.school_onboarding_changes c ON c.version = f.version
LEFT JOIN reports.school_onboarding r ON r.urn = c.urn
WHERE f.report = 'school_onboarding'
  AND f.version = (SELECT max(version) FROM reports.refreshes WHERE report = 'school_onboarding')
