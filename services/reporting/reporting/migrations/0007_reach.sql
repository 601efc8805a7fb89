-- Whether a technician can be reached is what the last of these said.
CREATE INDEX audit_reach ON audit (stream, id) WHERE kind IN (
    'TechnicianRegistered', 'TechnicianBlockedBot', 'TechnicianAccountGone', 'TechnicianUnblockedBot'
);
