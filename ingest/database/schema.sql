-- The schema of foi.db. Column names are a public interface: add to them freely, but rename or drop
-- one only with a redirect. NULL means exactly one thing in each column; metadata.yml says what.

create table disclosures (
    id text primary key not null,
    reference text,
    title text,
    document_summary text,
    security_classification text,
    publication_scheme text,
    creating_branch text,
    created_on text,
    review_on text,
    extracted_on text,
    covers_from text,
    covers_to text,
    published_total integer,
    source_url text,
    source_file text not null,
    source_format text not null check (source_format in ('text', 'pdf', 'csv', 'excel')),
    source_sha256 text not null,
    copy_status text,
    rights text,
    publisher text,
    withheld_share_estimate real check (withheld_share_estimate between 0 and 1),
    shape text,
    published_on text,
    supersedes text references disclosures (id),
    label text not null
);

create table notes (
    disclosure_id text not null references disclosures (id),
    section text not null,
    position integer not null,
    text text not null,
    primary key (disclosure_id, section, position)
);

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

create table redaction_bands (
    band text primary key not null,
    lower real check (lower between 0 and 1),
    upper real check (upper between 0 and 1),
    position integer not null,
    meaning text not null
);

create table checks (
    name text primary key not null,
    sentence text not null,
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

-- Totals that a document of any shape prints, and what its rows add up to. The Met's are in published_totals.
create table printed_totals (
    disclosure_id text not null references disclosures (id),
    table_name text not null,
    position integer not null,
    scope text not null check (scope in ('period', 'label', 'grand')),
    label text check (label is not null or scope = 'grand'),
    unit text,
    printed numeric check (printed is not null or outcome = 'cannot be checked'),
    found numeric,
    outcome text not null check (outcome in ('agrees', 'accepted', 'cannot be checked')),
    reason text,
    place text not null,
    primary key (disclosure_id, position)
);

-- What a later document of a publisher changed in the rows of the one that it replaces. Words of columns of text are
-- not kept here, because a publisher may have replaced the document to withhold them.
create table changes (
    disclosure_id text not null references disclosures (id),
    table_name text not null,
    change text not null check (change in ('added', 'changed', 'dropped')),
    record_id text check (record_id is not null or change = 'dropped'),
    earlier_id text check (earlier_id is not null or change = 'added'),
    column_name text,
    before text,
    after text
);

-- What the tables made from shapes, and their columns, mean: from the shapes. column_name is NULL where the table
-- itself is described, with what one row of it is. role is NULL for columns that every table has.
create table descriptions (
    table_name text not null,
    column_name text,
    title text check ((title is null) = (column_name is not null)),
    description text not null,
    family text not null,
    one_row_is text check ((one_row_is is null) = (title is null)),
    rows_are text check ((rows_are is null) = (title is null)),
    role text check (role is null or column_name is not null)
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
