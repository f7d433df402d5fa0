-- title: Which rows share a wording, and probably tell of one event?
-- group: How far can the figures be trusted?
-- position: 3
-- description: >-
--   Groups of rows of one year whose visible words are the same, and what was judged to belong with
--   them. together counts the officers of a group with those of the groups that are part of the
--   same whole; a figure that counts them counts one event, probably, that many times.
-- basis: inferred
-- answer: >-
--   {%- set equal = rows|selectattr("basis", "equalto", "equal")|list -%}
--   {{ equal|sum(attribute="officers") }} officers stand in {{ equal|length }} groups of equal words, and {{ rows|selectattr("basis", "equalto", "judged")|sum(attribute="officers") }} more were judged to belong with a group or with each other.
-- caveats: [officers, redacted, rules, people]
-- columns:
--   wording_id:
--   disclosure_id:
--   year:
--   officers: Rows in the group.
--   together: Rows in the group and in the groups judged to belong with it.
--   wording: The visible words of the first row of the group.
--   basis:
--   reason:
--   part_of:
-- counts:
--   officers: wording_id

select
    id as wording_id,
    disclosure_id,
    year,
    officers,
    sum(officers) over (partition by coalesce(part_of, id)) as together,
    wording,
    basis,
    reason,
    part_of
from shared_wordings
where :disclosure_id in ('', disclosure_id)
order by disclosure_id, together desc, coalesce(part_of, id), part_of is not null, id
