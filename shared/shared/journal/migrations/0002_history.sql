-- From here on the events belong to another role: this one may read them and append to them, and no more.
SELECT public.seal_history();
