-- One row for each changed field, and one for each establishment that appeared, went or returned.
CREATE TEMPORARY TABLE changes_establishments ON COMMIT DROP AS
SELECT d.urn, NULL::text AS link_urn,
       CASE
           WHEN d.what <> 'new' THEN d.what
           WHEN s.establishment_status_code = 2 THEN 'added'
           WHEN s.establishment_status_code = 4 THEN 'proposed_to_open'
           ELSE 'opened'
       END AS event,
       'URN' AS field,
       CASE WHEN d.what = 'gone' THEN d.urn END AS old,
       CASE WHEN d.what <> 'gone' THEN d.urn END AS new
FROM pg_temp.diff_establishments d
LEFT JOIN pg_temp.staged_establishments s USING (urn)
WHERE d.what IN ('new', 'returned', 'gone') AND NOT {{.AllNew}}
UNION ALL
SELECT urn, NULL,
       CASE
           WHEN field = 'EstablishmentStatus (code)' THEN CASE
               WHEN new = '2' THEN 'closed'
               WHEN new = '4' THEN 'proposed_to_open'
               WHEN old = '2' THEN 'reopened'
               WHEN old = '4' THEN 'opened'
               WHEN new = '3' THEN 'proposed_to_close'
               ELSE 'closure_withdrawn'
           END
           WHEN field = 'EstablishmentName' THEN 'renamed'
           WHEN field IN ('Street', 'Locality', 'Address3', 'Town', 'Postcode', 'Easting', 'Northing') THEN 'moved'
           WHEN field = 'TypeOfEstablishment (code)' THEN 'type_changed'
           WHEN field = 'LA (code)' THEN 'authority_changed'
           WHEN field = 'DistrictAdministrative (code)' THEN 'district_changed'
           WHEN field = 'Section41Approved (name)' THEN 'section_41_changed'
           WHEN field = 'OpenDate' THEN 'opening_date_changed'
           WHEN field = 'CloseDate' THEN 'closing_date_changed'
           WHEN field IN ('MainEmail', 'AlternativeEmail') THEN 'contact_changed'
           ELSE 'details_changed'
       END,
       field, old, new
FROM pg_temp.fields_establishments
