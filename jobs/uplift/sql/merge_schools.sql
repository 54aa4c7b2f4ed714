-- An allocation says nothing of sparsity, so it leaves what a policy file said.
INSERT INTO uplift.schools AS u (urn, start_year, pupil_premium, sparsity, basis)
SELECT key, @year::smallint, pupil_premium, sparsity, @basis::text FROM staged
ON CONFLICT (urn, start_year) DO UPDATE
SET pupil_premium = excluded.pupil_premium, sparsity = coalesce(excluded.sparsity, u.sparsity), basis = excluded.basis,
    last_changed = now(), missing_since = NULL
WHERE u.pupil_premium <> excluded.pupil_premium OR coalesce(excluded.sparsity, u.sparsity) IS DISTINCT FROM u.sparsity
   OR u.basis <> excluded.basis OR u.missing_since IS NOT NULL
