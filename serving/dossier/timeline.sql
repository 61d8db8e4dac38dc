-- What happened at each account in a year, of every table, the newest first: rows of evidence, with
-- the person behind them as `contact_id`.
WITH happened AS (
    SELECT account_id, 'interactions' AS source, interaction_id AS row_id,
        CASE WHEN direction = 'inbound' THEN occurred_at ELSE coalesce(answered_at, occurred_at) END
            AS happened_at,
        CASE
            WHEN direction = 'inbound' THEN CASE WHEN channel IS NULL THEN 'came' ELSE 'came_by' END
            WHEN channel = 'meeting' AND NOT attended THEN 'meeting_missed'
            WHEN channel = 'meeting' THEN
                CASE WHEN coalesce(topic, 'other') = 'other' THEN 'meeting' ELSE 'meeting_of' END
            WHEN channel = 'event' AND attended THEN 'came_by'
            WHEN answered_at IS NOT NULL THEN
                CASE WHEN channel IS NULL THEN 'answered' ELSE 'answered_by' END
            WHEN channel IS NULL THEN 'unanswered'
            ELSE 'unanswered_by'
        END AS kind,
        json_object('channel', channel, 'topic', topic, 'contact_id', contact_id) AS args
    FROM seen_interactions
    WHERE direction = 'inbound' OR answered_at IS NOT NULL OR channel IS NULL
        OR channel IN ('email', 'call', 'voicemail', 'chat', 'meeting')
        OR (channel = 'event' AND attended)
    UNION ALL
    SELECT account_id, 'tickets', ticket_id, opened_at,
        CASE WHEN priority IS NULL THEN 'ticket' ELSE 'ticket_of' END,
        json_object(
            'priority', priority,
            'open', CASE WHEN resolved_at IS NULL THEN TRUE END,
            'reopened', CASE WHEN reopened THEN TRUE END,
            'csat', csat,
            'contact_id', contact_id
        )
    FROM seen_tickets
    UNION ALL
    SELECT account_id, 'surveys', survey_id, responded_at,
        CASE WHEN scale_max IS NULL THEN 'survey_answered' ELSE 'survey_answered_of' END,
        json_object('kind', kind, 'score', score, 'scale', scale_max, 'contact_id', contact_id)
    FROM seen_surveys
    WHERE score IS NOT NULL AND responded_at IS NOT NULL
    UNION ALL
    SELECT account_id, 'surveys', survey_id, sent_at, 'survey_ignored',
        json_object('kind', kind, 'contact_id', contact_id)
    FROM seen_surveys
    WHERE age > 14 AND responded_at IS NULL
    UNION ALL
    SELECT account_id, 'reference_requests', request_id, requested_at,
        CASE WHEN kind IS NULL THEN 'asked' ELSE 'asked_of' END,
        json_object(
            'kind', kind,
            'outcome', coalesce(outcome, CASE WHEN age > 30 THEN 'ignored' ELSE 'pending' END),
            'contact_id', contact_id
        )
    FROM seen_reference_requests
    UNION ALL
    SELECT account_id, 'invoices', invoice_id, due_at,
        CASE WHEN paid_at IS NULL THEN 'invoice_unpaid' ELSE 'invoice_late' END,
        json_object('n', date_diff('day', CAST(due_at AS DATE), CAST(paid_at AS DATE)))
    FROM seen_invoices
    WHERE amount > 0 AND due_at < as_of
        AND (paid_at IS NULL OR CAST(paid_at AS DATE) > CAST(due_at AS DATE))
    UNION ALL
    SELECT account_id, 'pulses', CAST(NULL AS VARCHAR), recorded_at,
        CASE WHEN reason_code IS NULL THEN 'pulse' ELSE 'pulse_why' END,
        json_object('score', pulse, 'reason', reason_code)
    FROM seen_pulses
    UNION ALL
    SELECT account_id, 'goals', goal_id, coalesce(achieved_at, abandoned_at, due_at),
        CASE
            WHEN achieved_at IS NOT NULL THEN 'goal_reached'
            WHEN abandoned_at IS NOT NULL THEN 'goal_abandoned'
            ELSE 'goal_due'
        END || CASE WHEN kind IS NULL THEN '' ELSE '_of' END,
        json_object('kind', kind)
    FROM seen_goals
    WHERE achieved_at IS NOT NULL OR abandoned_at IS NOT NULL OR due_at < as_of
    UNION ALL
    SELECT account_id, 'feedback', feedback_id, said_at, 'said',
        json_object('text', substr(text, 1, {quoted}), 'contact_id', contact_id)
    FROM seen_feedback
    UNION ALL
    SELECT account_id, 'external_signals', CAST(NULL AS VARCHAR), observed_at, 'signal',
        json_object('kind', kind)
    FROM seen_external_signals
    UNION ALL
    SELECT account_id, 'contacts', contact_id, left_at,
        CASE WHEN role IS NULL THEN 'person_left' ELSE 'person_left_as' END,
        json_object('person', coalesce(name, contact_id), 'role', role, 'contact_id', contact_id)
    FROM seen_contacts
    WHERE left_at IS NOT NULL
    UNION ALL
    SELECT account_id, 'contacts', contact_id, joined_at,
        CASE WHEN role IS NULL THEN 'person_joined' ELSE 'person_joined_as' END,
        json_object('person', coalesce(name, contact_id), 'role', role, 'contact_id', contact_id)
    FROM seen_contacts
    UNION ALL
    SELECT t.account_id, 'subscriptions', t.subscription_id, t.started_at,
        CASE
            WHEN t.ended_at IS NOT NULL THEN 'term_began'
            WHEN t.term_ends_at IS NULL THEN 'term'
            ELSE 'term_until'
        END,
        json_object('ends', CAST(CAST(t.term_ends_at AS DATE) AS VARCHAR))
    FROM seen_subscriptions t
    UNION ALL
    SELECT account_id, 'subscriptions', subscription_id, notice_at, 'notice', json_object()
    FROM seen_subscriptions
    WHERE notice_at IS NOT NULL
    UNION ALL
    -- A term that another follows at once was renewed: its end is no event.
    SELECT t.account_id, 'subscriptions', t.subscription_id, t.ended_at, 'term_ended',
        json_object()
    FROM seen_subscriptions t
    WHERE t.ended_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM seen_subscriptions n
        WHERE n.account_id = t.account_id AND n.subscription_id <> t.subscription_id
            AND n.started_at <= t.ended_at + INTERVAL 1 DAY
            AND coalesce(n.ended_at, n.as_of) > t.ended_at
    )
),
placed AS (
    SELECT h.*, row_number() OVER (
        PARTITION BY h.account_id ORDER BY h.happened_at DESC, h.source, h.row_id, h.kind, h.args
    ) AS place
    FROM happened h
    SEMI JOIN wanted w ON w.account_id = h.account_id
    WHERE h.happened_at >= TIMESTAMP '{since}'
    QUALIFY place <= {listed}
)
SELECT account_id, count(*) AS n,
    CAST(to_json(list(struct_pack(
        source := source,
        row_id := row_id,
        happened_at := happened_at,
        kind := kind,
        -- What is unknown is left out.
        args := json_merge_patch(json('{{}}'), args)
    ) ORDER BY place)) AS VARCHAR) AS told
FROM placed
GROUP BY account_id
