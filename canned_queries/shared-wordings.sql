-- title: Which rows have the same wording, and probably describe one incident?
-- group: How reliable are the figures?
-- position: 3
-- description: >-
--   Groups of rows from one year whose visible words are the same, and groups that a person judged to
--   belong with them. The column together gives the number of officers in all the groups that belong with
--   each other. A figure that includes them probably counts one incident once for each officer.
-- basis: inferred
-- answer: >-
--   {%- set equal = rows|selectattr("basis", "equalto", "equal")|list -%}
--   {{ equal|sum(attribute="officers") }} officers are in {{ equal|length }} groups of identically worded rows, and {{ rows|selectattr("basis", "equalto", "judged")|sum(attribute="officers") }} more were judged to belong with a group or with each other.
-- caveats: [officers, redacted, rules, people]
-- columns:
--   wording_id:
--   disclosure_id:
--   year:
--   officers: Rows in the group.
--   together: Rows in the group and in those judged to belong with it.
--   wording: The visible words of the first row of the group.
--   basis:
--   reason:
--   part_of:
-- drilldown:
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
