-- What the customer and their success manager say. One row per spine row.
-- Scores on another scale than usual are brought to the usual one: NPS 10, CSAT 5. Not so effort:
-- on 1 to 7 the high end is easy, on 1 to 5 the low one; only 7 is read.
WITH answer AS (
    SELECT account_id, as_of, age, kind, responded_at,
        CASE kind WHEN 'nps' THEN 10 WHEN 'ces' THEN 7 ELSE 5 END AS top,
        score / CAST(coalesce(
            nullif(scale_max, 0), CASE kind WHEN 'nps' THEN 10 WHEN 'ces' THEN 7 ELSE 5 END
        ) AS DOUBLE) AS share
    FROM seen_surveys
    WHERE age <= 485 AND score IS NOT NULL AND responded_at IS NOT NULL
        AND (kind IN ('nps', 'csat', 'monthly')
            OR (kind = 'ces' AND coalesce(nullif(scale_max, 0), 7) = 7))
),
scored AS (
    SELECT account_id, as_of,
        round(avg(CASE WHEN kind = 'csat' AND age <= 365 THEN share * top END), 9) AS csat_365,
        round(avg(CASE WHEN kind = 'ces' AND age <= 365 THEN share * top END), 9) AS ces_365,
        round(avg(CASE WHEN kind <> 'ces' AND age <= 120 THEN share END), 9) AS share_new,
        round(avg(CASE WHEN kind <> 'ces' AND age > 120 THEN share END), 9) AS share_old
    FROM answer
    GROUP BY account_id, as_of
),
-- Answers of one moment count as one; the last moment is the last answer.
recommended AS (
    SELECT account_id, as_of, max_by(total / answers, responded_at) AS nps,
        max_by(age, responded_at) AS nps_age, round(sum(total), 9) AS total, sum(answers) AS answers,
        max_by(total, responded_at) AS last_total, max_by(answers, responded_at) AS last_answers
    FROM (
        SELECT account_id, as_of, responded_at, min(age) AS age,
            round(sum(share * top), 9) AS total,
            CAST(count(*) AS DOUBLE) AS answers
        FROM answer
        WHERE kind = 'nps' AND age <= 365
        GROUP BY account_id, as_of, responded_at
    ) r
    GROUP BY account_id, as_of
),
judged AS (
    SELECT account_id, as_of, min(age) AS pulse_age, max_by(pulse, recorded_at) AS pulse,
        max_by(coalesce(expires_at, as_of), recorded_at) AS expires_at, round(sum(pulse), 9) AS total,
        count(*) AS judgements
    FROM seen_pulses
    WHERE age <= 365
    GROUP BY account_id, as_of
),
-- What somebody said when asked why they leave tells only that they do.
quote AS (
    SELECT account_id, as_of, age, text, language
    FROM seen_feedback
    WHERE coalesce(channel, '') <> 'exit_survey'
),
quoted AS (
    SELECT account_id, as_of, count(CASE WHEN age <= 180 THEN 1 END) AS quotes_180
    FROM quote
    GROUP BY account_id, as_of
),
-- What the sentences of a quote speak of, and how, was found out for each text once.
worded AS (
    SELECT f.account_id, f.as_of,
        sum(CASE WHEN f.age <= 180 AND w.tone = 'risk'
            AND w.category IN ('renewal_likelihood', 'pricing_perception')
            THEN w.sentences ELSE 0 END) AS leaving_180,
        sum(CASE WHEN f.age <= 180 AND w.tone = 'risk'
            AND w.category IN ('support_friction', 'onboarding_clarity')
            THEN w.sentences ELSE 0 END) AS friction_180,
        sum(CASE WHEN f.age <= 180 AND w.tone = 'risk'
            AND w.category IN ('value_realisation', 'upsell_readiness')
            THEN w.sentences ELSE 0 END) AS doubt_180,
        sum(CASE WHEN f.age <= 180 AND w.tone = 'positive' THEN w.sentences ELSE 0 END) AS praise_180,
        sum(CASE WHEN f.age <= 365 AND w.tone = 'risk' THEN w.sentences ELSE 0 END) AS risk_365,
        sum(CASE WHEN f.age <= 365 AND w.tone <> 'neutral' THEN w.sentences ELSE 0 END) AS toned_365
    FROM quote f
    JOIN said w ON w.text = f.text AND w.language = coalesce(f.language, '')
    GROUP BY f.account_id, f.as_of
)
SELECT p.account_id, p.as_of,
    n.nps,
    n.nps - (n.total - n.last_total) / nullif(n.answers - n.last_answers, 0) AS nps_change,
    n.nps_age,
    s.csat_365,
    s.ces_365,
    s.share_new - s.share_old AS survey_score_change,
    CASE WHEN u.expires_at >= p.as_of THEN u.pulse END AS pulse,
    u.pulse - (u.total - u.pulse) / CAST(nullif(u.judgements - 1, 0) AS DOUBLE) AS pulse_change,
    u.pulse_age,
    q.quotes_180,
    CASE WHEN q.quotes_180 IS NOT NULL THEN coalesce(w.leaving_180, 0) END AS leaving_words_180,
    CASE WHEN q.quotes_180 IS NOT NULL THEN coalesce(w.friction_180, 0) END AS friction_words_180,
    CASE WHEN q.quotes_180 IS NOT NULL THEN coalesce(w.doubt_180, 0) END AS doubting_words_180,
    CASE WHEN q.quotes_180 IS NOT NULL THEN coalesce(w.praise_180, 0) END AS praising_words_180,
    w.risk_365 / CAST(nullif(w.toned_365, 0) AS DOUBLE) AS risk_words_share_365
FROM spine p
LEFT JOIN scored s ON s.account_id = p.account_id AND s.as_of = p.as_of
LEFT JOIN recommended n ON n.account_id = p.account_id AND n.as_of = p.as_of
LEFT JOIN judged u ON u.account_id = p.account_id AND u.as_of = p.as_of
LEFT JOIN quoted q ON q.account_id = p.account_id AND q.as_of = p.as_of
LEFT JOIN worded w ON w.account_id = p.account_id AND w.as_of = p.as_of
