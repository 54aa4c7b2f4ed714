-- One row for each declaration of the two courses. One that entered its state twice is there once, with the last reason.
WITH entered AS (
    SELECT DISTINCT ON (participant_declaration_id, state) participant_declaration_id, state, state_reason
    FROM restricted.cpd_declaration_states
    ORDER BY participant_declaration_id, state, created_at DESC NULLS LAST, id
)
SELECT d.id::text AS id,
       d.user_id::text AS user_id,
       d.declaration_type::text AS declaration_type,
       d.declaration_date AT TIME ZONE 'UTC' AS declaration_date,
       d.state = 'voided' AS voided,
       d.evidence_held::text AS evidence_held,
       d.state::text AS state,
       e.state_reason::text AS state_reason,
       lp.name::text AS cpd_lead_provider_name,
       dp.name::text AS delivery_partner_name,
       :'as_of'::timestamptz AS as_of
FROM restricted.cpd_participant_declarations d
LEFT JOIN entered e ON e.participant_declaration_id = d.id AND e.state = d.state
LEFT JOIN cpd.cpd_lead_providers lp ON lp.id = d.cpd_lead_provider_id
LEFT JOIN cpd.delivery_partners dp ON dp.id = d.delivery_partner_id
WHERE d.course_identifier IN ('ecf-induction', 'ecf-mentor')
