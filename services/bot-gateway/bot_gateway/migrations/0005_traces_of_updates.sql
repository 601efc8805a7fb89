-- In which trace an update that has to be taken again goes on: the header `traceparent`.
ALTER TABLE updates ADD COLUMN trace text;
