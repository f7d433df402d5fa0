-- What every foi.db has, whatever its disclosures; ingest/shapes/officer_allegations/schema.sql has the tables of the
-- Met's form, and ingest/database/tables.py makes those of other shapes. Column names are a public interface: add to
-- them freely, but rename or drop one only with a redirect. NULL means exactly one thing in each column; metadata.yml
-- says what.

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

-- What a reader must know before using the figures of a table made from a shape, or of one of its columns. disclosure_id
-- is NULL where it holds for every disclosure.
create table caveats (
    disclosure_id text references disclosures (id),
    family text not null,
    table_name text not null,
    column_name text,
    id text not null,
    sentence text not null,
    text text
);

-- The questions that the site asks of every table made from a shape. header is JSON, with what a question in a file of
-- canned_queries/ has in its header.
create table questions (
    name text primary key not null,
    family text not null,
    table_name text not null,
    title text not null,
    header text not null,
    sql text not null
);
