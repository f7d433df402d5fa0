-- The tables of disclosures in the Met's form, made where there is such a disclosure. Column names are a public
-- interface: add to them freely, but rename or drop one only with a redirect. NULL means exactly one thing in each
-- column; metadata.yml, beside this file, says what.

create table published_totals (
    disclosure_id text not null references disclosures (id),
    year integer not null,
    officers integer not null,
    primary key (disclosure_id, year)
);

create table ranks (
    term text primary key not null,
    meaning text,
    source text,
    position integer not null
);

create table results (
    term text primary key not null,
    meaning text,
    source text,
    regime text check (regime in ('2012', '2020')),
    position integer not null
);

create table actions (
    term text primary key not null,
    meaning text,
    source text,
    regime text check (regime in ('2012', '2020')),
    position integer not null
);

create table sanctions (
    term text primary key not null,
    meaning text,
    source text,
    regime text check (regime in ('2012', '2020')),
    severity integer check (severity between 1 and 5),
    position integer not null
);

create table shared_wordings (
    id text primary key not null,
    disclosure_id text not null references disclosures (id),
    year integer not null,
    officers integer not null,
    wording text not null,
    basis text not null check (basis in ('equal', 'judged')),
    reason text,
    part_of text references shared_wordings (id)
);

create table officer_allegations (
    id text primary key not null,
    disclosure_id text not null references disclosures (id),
    position integer not null,
    block integer not null,
    line integer,
    year integer not null,
    status text not null check (status in ('finalised', 'under investigation')),
    rank text references ranks (term),
    summary text,
    result text references results (term),
    action text references actions (term),
    sanction text references sanctions (term),
    visible_words integer,
    redaction_count integer,
    redaction_density real,
    redaction_band text
        check (redaction_band in ('unmarked', 'light', 'moderate', 'heavy', 'total', 'unknown')),
    regime text check (regime in ('2012', '2020')),
    regime_basis text,
    wording_id text references shared_wordings (id),
    withdrawn_on text,
    withdrawn_reason text,
    source_text text,
    unique (disclosure_id, position)
);

create table redactions (
    allegation_id text not null references officer_allegations (id),
    position integer not null,
    form text not null,
    exemption text,
    primary key (allegation_id, position)
);

create table source_blocks (
    disclosure_id text not null references disclosures (id),
    block integer not null,
    officers integer not null,
    summaries integer not null,
    marked integer not null,
    markers integer not null,
    chance real,
    markers_lost integer not null check (markers_lost in (0, 1)),
    primary key (disclosure_id, block)
);

create table mentions (
    allegation_id text not null references officer_allegations (id),
    mention text not null,
    kind text not null check (kind in ('platform', 'conduct')),
    primary key (allegation_id, mention)
);

-- What is searched for to find the mentions: regular expressions, ignoring case.
create table mention_patterns (
    mention text not null,
    kind text not null check (kind in ('platform', 'conduct')),
    pattern text not null,
    position integer not null,
    primary key (mention, pattern)
);

create table publisher_questions (
    allegation_id text not null references officer_allegations (id),
    rule text not null,
    question text not null,
    primary key (allegation_id, rule)
);

-- What readers search: the summaries, with a bar of █ for each marker, so that a marker is not a word
-- and no phrase matches across one. The index keeps its own text because it differs from the table's.
create virtual table officer_allegations_fts using fts5 (
    summary,
    tokenize = "porter unicode61 remove_diacritics 2 tokenchars '█'"
);

-- The publisher's totals, and the rows in our copy. The casts let a filter from a URL, which is text, match a
-- counted figure.
create view reconciliation as
with counted as (
    select
        disclosure_id,
        year,
        count(*) as found,
        count(*) filter (where status = 'finalised') as finalised,
        count(*) filter (where status = 'under investigation') as under_investigation
    from officer_allegations
    group by disclosure_id, year
)
select
    published_totals.disclosure_id,
    published_totals.year,
    published_totals.officers as published,
    cast(coalesce(found, 0) as integer) as found,
    cast(coalesce(finalised, 0) as integer) as finalised,
    cast(coalesce(under_investigation, 0) as integer) as under_investigation,
    cast(published_totals.officers - coalesce(found, 0) as integer) as missing
from published_totals
left join counted using (disclosure_id, year)
order by published_totals.disclosure_id, published_totals.year;

-- Every officer whom the publisher counted: our rows, and a row without an id for each one missing
-- from our copy. Breakdowns count these rows, so that none can leave out the missing officers.
create view officers_counted as
with recursive missing (disclosure_id, year, number) as (
    select disclosure_id, year, reconciliation.missing
    from reconciliation
    where reconciliation.missing > 0
    union all
    select disclosure_id, year, number - 1 from missing where number > 1
)
select
    officer_allegations.id,
    officer_allegations.disclosure_id,
    officer_allegations.year,
    status, rank, result, action, sanction,
    visible_words, redaction_count, redaction_density, redaction_band,
    regime,
    coalesce(part_of, wording_id) as wording_group
from officer_allegations
left join shared_wordings on shared_wordings.id = wording_id
union all
select
    null, disclosure_id, year, 'missing', null, null, null, null,
    null, null, null, null,
    null, null
from missing;
