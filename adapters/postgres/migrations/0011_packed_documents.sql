-- A long statement says much the same in every line: as one zstd frame it takes a sixteenth of the room, and less time until it
-- is safe on a disk. What was kept before stays as it is.
alter table {schema}.document add column length int check (length > 0);
comment on column {schema}.document.length is 'bytes of the document whose zstd frame the body is; null: the body is the document';
grant insert (length) on {schema}.document to {app};
