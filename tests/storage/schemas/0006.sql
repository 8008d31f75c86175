CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE answers (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	conversation_id VARCHAR, 
	question TEXT NOT NULL, 
	scope JSON NOT NULL, 
	origin VARCHAR NOT NULL, 
	effort VARCHAR NOT NULL, 
	asked_at FLOAT NOT NULL, 
	state VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	error TEXT, 
	abstained BOOLEAN NOT NULL, 
	route VARCHAR NOT NULL, 
	reasons JSON NOT NULL, 
	model VARCHAR NOT NULL, 
	citations JSON NOT NULL, 
	nearest JSON NOT NULL, 
	notes_used JSON NOT NULL, 
	usage JSON NOT NULL, 
	baselines JSON NOT NULL, 
	retrieval_s FLOAT, 
	first_token_s FLOAT, 
	seconds FLOAT, 
	rating INTEGER NOT NULL, 
	counted JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY (id), 
	CONSTRAINT fk_answers_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
CREATE TABLE bans (
	owner VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	question TEXT NOT NULL, 
	note_question TEXT NOT NULL, 
	note_text TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_bans PRIMARY KEY (owner, document_id, question, note_question, note_text), 
	CONSTRAINT fk_bans_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
CREATE TABLE changes (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	action VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	item_id VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL
);
CREATE TABLE chunks (
	id VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	ordinal INTEGER NOT NULL, 
	page_start INTEGER NOT NULL, 
	page_end INTEGER NOT NULL, 
	heading TEXT NOT NULL, 
	text TEXT NOT NULL, 
	tokens INTEGER NOT NULL, 
	spans JSON NOT NULL, 
	CONSTRAINT pk_chunks PRIMARY KEY (id), 
	CONSTRAINT uq_chunks_document_id_ordinal UNIQUE (document_id, ordinal), 
	CONSTRAINT fk_chunks_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
CREATE TABLE conversations (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	title TEXT NOT NULL, 
	scope JSON NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	CONSTRAINT pk_conversations PRIMARY KEY (id)
);
CREATE TABLE documents (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	name TEXT NOT NULL, 
	media_type VARCHAR NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	stage_done INTEGER NOT NULL, 
	stage_total INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	chunks INTEGER NOT NULL, 
	tokens INTEGER NOT NULL, 
	warnings JSON NOT NULL, 
	error TEXT, 
	prepare BOOLEAN NOT NULL, 
	keep_local BOOLEAN NOT NULL, 
	revision INTEGER NOT NULL, 
	added_at FLOAT NOT NULL, 
	ready_at FLOAT, 
	last_used_at FLOAT NOT NULL, 
	lease_holder VARCHAR, 
	lease_until FLOAT, 
	replaces VARCHAR, 
	opens INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_documents PRIMARY KEY (id), 
	CONSTRAINT uq_documents_owner_content_hash UNIQUE (owner, content_hash)
);
CREATE TABLE evidence (
	note_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	page INTEGER NOT NULL, 
	quote TEXT NOT NULL, 
	chunk_id VARCHAR, 
	CONSTRAINT pk_evidence PRIMARY KEY (note_id, position), 
	CONSTRAINT fk_evidence_note_id_notes FOREIGN KEY(note_id) REFERENCES notes (id) ON DELETE CASCADE, 
	CONSTRAINT fk_evidence_chunk_id_chunks FOREIGN KEY(chunk_id) REFERENCES chunks (id) ON DELETE SET NULL
);
CREATE TABLE failures (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	name TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_failures PRIMARY KEY (id)
);
CREATE TABLE ledger (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	purpose VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	answer_id VARCHAR, 
	run_id VARCHAR, 
	document_id VARCHAR, 
	document_shares JSON NOT NULL, 
	raw_usage JSON NOT NULL, 
	input_tokens INTEGER NOT NULL, 
	cached_tokens INTEGER NOT NULL, 
	cache_write_tokens INTEGER NOT NULL, 
	output_tokens INTEGER NOT NULL, 
	reasoning_tokens INTEGER NOT NULL, 
	cost_usd FLOAT, 
	estimated BOOLEAN NOT NULL, 
	price_revision VARCHAR, 
	litellm_cost_usd FLOAT, 
	tier VARCHAR NOT NULL, 
	route VARCHAR NOT NULL, 
	origin VARCHAR NOT NULL, 
	first_token_s FLOAT, 
	seconds FLOAT NOT NULL, 
	error TEXT, 
	cache_write_1h_tokens INTEGER DEFAULT '0' NOT NULL, 
	price JSON, 
	CONSTRAINT pk_ledger PRIMARY KEY (id)
);
CREATE VIRTUAL TABLE lexical USING fts5(text, scope, kind UNINDEXED, item_id UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE TABLE notes (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	task_id VARCHAR, 
	kind VARCHAR NOT NULL, 
	question TEXT NOT NULL, 
	text TEXT NOT NULL, 
	formula TEXT, 
	status VARCHAR NOT NULL, 
	thinker VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	tokens INTEGER NOT NULL, 
	times_used INTEGER NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_notes PRIMARY KEY (id), 
	CONSTRAINT fk_notes_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE, 
	CONSTRAINT fk_notes_task_id_sleep_tasks FOREIGN KEY(task_id) REFERENCES sleep_tasks (id) ON DELETE SET NULL
);
CREATE TABLE pages (
	document_id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_pages PRIMARY KEY (document_id, number), 
	CONSTRAINT fk_pages_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
CREATE TABLE presence (
	holder VARCHAR NOT NULL, 
	until FLOAT NOT NULL, 
	CONSTRAINT pk_presence PRIMARY KEY (holder)
);
CREATE TABLE prices (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	valid_from VARCHAR NOT NULL, 
	input_usd FLOAT NOT NULL, 
	output_usd FLOAT NOT NULL, 
	cached_usd FLOAT, 
	cache_write_usd FLOAT, 
	entered_at FLOAT NOT NULL, 
	CONSTRAINT pk_prices PRIMARY KEY (id)
);
CREATE TABLE replies (
	task_id VARCHAR NOT NULL, 
	call INTEGER NOT NULL, 
	model VARCHAR NOT NULL, 
	asked_tokens INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	finish_reason VARCHAR NOT NULL, 
	CONSTRAINT pk_replies PRIMARY KEY (task_id, call), 
	CONSTRAINT fk_replies_task_id_sleep_tasks FOREIGN KEY(task_id) REFERENCES sleep_tasks (id) ON DELETE CASCADE
);
CREATE TABLE settings (
	owner VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_settings PRIMARY KEY (owner, name)
);
CREATE TABLE shadows (
	answer_id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	baseline VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	effort VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	state VARCHAR NOT NULL, 
	estimated JSON NOT NULL, 
	measured JSON, 
	answer_output_tokens INTEGER NOT NULL, 
	text TEXT DEFAULT '' NOT NULL, 
	abstained BOOLEAN DEFAULT '0' NOT NULL, 
	differs JSON DEFAULT '{}' NOT NULL, 
	error TEXT, 
	CONSTRAINT pk_shadows PRIMARY KEY (answer_id), 
	CONSTRAINT fk_shadows_answer_id_answers FOREIGN KEY(answer_id) REFERENCES answers (id) ON DELETE CASCADE
);
CREATE TABLE sleep_runs (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	task_id VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	pass_name VARCHAR NOT NULL, 
	page_start INTEGER NOT NULL, 
	page_end INTEGER NOT NULL, 
	thinker VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	prompt_version VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	notes_added INTEGER NOT NULL, 
	notes_dropped JSON NOT NULL, 
	usage JSON NOT NULL, 
	error TEXT, 
	started_at FLOAT NOT NULL, 
	seconds FLOAT NOT NULL, 
	generation INTEGER DEFAULT '1' NOT NULL, 
	notes_joined INTEGER DEFAULT '0' NOT NULL, 
	window_tokens INTEGER DEFAULT '0' NOT NULL, 
	sent_tokens INTEGER DEFAULT '0' NOT NULL, 
	asked_tokens INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_sleep_runs PRIMARY KEY (id), 
	CONSTRAINT fk_sleep_runs_task_id_sleep_tasks FOREIGN KEY(task_id) REFERENCES sleep_tasks (id) ON DELETE CASCADE, 
	CONSTRAINT fk_sleep_runs_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
CREATE TABLE sleep_tasks (
	id VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	pass_name VARCHAR NOT NULL, 
	window_hash VARCHAR NOT NULL, 
	page_start INTEGER NOT NULL, 
	page_end INTEGER NOT NULL, 
	thinker VARCHAR NOT NULL, 
	generation INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	done_at FLOAT, 
	lease_holder VARCHAR, 
	lease_until FLOAT, 
	claimed_at FLOAT, 
	created_at FLOAT NOT NULL, 
	answers JSON DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_sleep_tasks PRIMARY KEY (id), 
	CONSTRAINT uq_sleep_tasks_document_id_pass_name_window_hash_thinker_generation_revision UNIQUE (document_id, pass_name, window_hash, thinker, generation, revision), 
	CONSTRAINT fk_sleep_tasks_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
CREATE TABLE vectors (
	kind VARCHAR NOT NULL, 
	item_id VARCHAR NOT NULL, 
	embedder VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	dimension INTEGER NOT NULL, 
	vector BLOB NOT NULL, 
	CONSTRAINT pk_vectors PRIMARY KEY (kind, item_id, embedder), 
	CONSTRAINT fk_vectors_document_id_documents FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
CREATE INDEX ix_answers_asked_at ON answers (asked_at);
CREATE INDEX ix_answers_conversation_id ON answers (conversation_id);
CREATE INDEX ix_changes_document_id ON changes (document_id);
CREATE INDEX ix_changes_item_id ON changes (item_id);
CREATE INDEX ix_evidence_chunk_id ON evidence (chunk_id);
CREATE INDEX ix_ledger_at ON ledger (at);
CREATE INDEX ix_ledger_document_id ON ledger (document_id);
CREATE INDEX ix_notes_document_id ON notes (document_id);
CREATE INDEX ix_notes_task_id ON notes (task_id);
CREATE INDEX ix_sleep_runs_started_at ON sleep_runs (started_at);
CREATE INDEX ix_sleep_runs_task_id ON sleep_runs (task_id);
CREATE INDEX ix_vectors_document_id ON vectors (document_id);
INSERT INTO alembic_version (version_num) VALUES ('0006');
INSERT INTO answers (id, owner, conversation_id, question, scope, origin, effort, asked_at, state, text, error, abstained, route, reasons, model, citations, nearest, notes_used, usage, baselines, retrieval_s, first_token_s, seconds, rating, counted) VALUES ('8e90c4ad1c770150', 'local', 'd5e1b29d9301aef7', 'When was the mill at Corvane built?', '[]', 'typed', 'medium', 1795276649.864589, 'done', 'The mill at Corvane was built in 1871 by Ada Hollis.', NULL, 0, 'notes', '["the best note holds 100% of the question''s telling words"]', 'extractive', '[{"label": 1, "document_id": "221c45834d365626", "name": "mill.txt", "page": 1, "quote": "The mill at Corvane was built in 1871 by Ada Hollis.", "verified": true, "via_note": "1513dbe513125be7"}]', '[]', '["1513dbe513125be7"]', '{"input_tokens": 35, "cached_tokens": 0, "cache_write_tokens": 0, "output_tokens": 34, "reasoning_tokens": 0, "cost_usd": 0.0, "estimated": false, "cache_write_1h_tokens": 0}', '{"chunks": {"input_tokens": 142, "output_tokens": 34, "cost_usd": 0.0, "seconds": null, "measured": false, "cached_tokens": 0, "note": ""}, "document": {"input_tokens": 142, "output_tokens": 34, "cost_usd": 0.0, "seconds": null, "measured": false, "cached_tokens": 0, "note": ""}, "document_cached": {"input_tokens": 142, "output_tokens": 34, "cost_usd": 0.0, "seconds": null, "measured": false, "cached_tokens": 0, "note": ""}}', 0.2389169049984048, 0.2894452069995168, 0.2894452069995168, 0, '{"sent_tokens": 35, "chunks_tokens": 142, "frame_tokens": 10, "document_tokens": [132], "output_tokens": 34, "context_window": null, "warm": false, "price": {"model": "extractive", "tier": "standard", "revision": "litellm 1.106.2 98fee42de3c2", "steps": []}, "habits": {}}');
INSERT INTO changes (sequence, action, kind, item_id, document_id) VALUES (1, 'upsert', 'chunk', '221c45834d365626-0', '221c45834d365626');
INSERT INTO changes (sequence, action, kind, item_id, document_id) VALUES (2, 'upsert', 'note', '1513dbe513125be7', '221c45834d365626');
INSERT INTO chunks (id, document_id, ordinal, page_start, page_end, heading, text, tokens, spans) VALUES ('221c45834d365626-0', '221c45834d365626', 0, 1, 1, '', 'The mill at Corvane was built in 1871 by Ada Hollis. It has four stones and grinds rye for the whole valley.

The weir above the mill keeps the water of the river Tarn at a height of 3 metres. It was mended in 1924 by the brothers Lind, after a flood had carried away 12 metres of it. The repair cost 4,100 crowns and took 7 weeks.

The miller sells flour on Tuesday and Friday. A sack of rye flour costs 9 crowns, a sack of wheat flour 11 crowns.', 124, '[[1, 0, 447]]');
INSERT INTO conversations (id, owner, title, scope, created_at, updated_at) VALUES ('d5e1b29d9301aef7', 'local', 'When was the mill at Corvane built?', '[]', 1795276649.8479195, 1795276649.864589);
INSERT INTO documents (id, owner, name, media_type, size_bytes, content_hash, status, stage_done, stage_total, pages, chunks, tokens, warnings, error, prepare, keep_local, revision, added_at, ready_at, last_used_at, lease_holder, lease_until, replaces, opens) VALUES ('221c45834d365626', 'local', 'mill.txt', 'text/plain', 448, '4d85052c13953fed7908750c52e7217b42e76961765f50954f772ef670fe6fba', 'ready', 1, 1, 1, 1, 124, '[]', NULL, 1, 0, 1, 1795276645.4775345, 1795276648.0481288, 1795276650.2172656, NULL, NULL, NULL, 0);
INSERT INTO evidence (note_id, position, page, quote, chunk_id) VALUES ('1513dbe513125be7', 0, 1, 'The mill at Corvane was built in 1871 by Ada Hollis.', '221c45834d365626-0');
INSERT INTO ledger (id, owner, at, purpose, model, answer_id, run_id, document_id, document_shares, raw_usage, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, estimated, price_revision, litellm_cost_usd, tier, route, origin, first_token_s, seconds, error, cache_write_1h_tokens, price) VALUES ('f087d4f7c58aa493', 'local', 1795276649.0109758, 'sleep', 'extractive', NULL, 'c4500eaa315a8bd3', '221c45834d365626', '{"221c45834d365626": 1.0}', '{}', 124, 0, 0, 0, 0, 0.0, 0, NULL, 0.0, 'standard', 'outline', '', NULL, 0.15990639299889153, NULL, 0, NULL);
INSERT INTO ledger (id, owner, at, purpose, model, answer_id, run_id, document_id, document_shares, raw_usage, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, estimated, price_revision, litellm_cost_usd, tier, route, origin, first_token_s, seconds, error, cache_write_1h_tokens, price) VALUES ('19c81e7fd86442ec', 'local', 1795276649.5243545, 'sleep', 'extractive', NULL, '47a424c9e8fb7aae', '221c45834d365626', '{"221c45834d365626": 1.0}', '{}', 124, 0, 0, 30, 0, 0.0, 0, NULL, 0.0, 'standard', 'anticipate', '', NULL, 0.42042462000063097, NULL, 0, NULL);
INSERT INTO ledger (id, owner, at, purpose, model, answer_id, run_id, document_id, document_shares, raw_usage, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, estimated, price_revision, litellm_cost_usd, tier, route, origin, first_token_s, seconds, error, cache_write_1h_tokens, price) VALUES ('54005383d5ef30d0', 'local', 1795276649.7666135, 'sleep', 'extractive', NULL, 'ea9ef609231f9b55', '221c45834d365626', '{"221c45834d365626": 1.0}', '{}', 124, 0, 0, 0, 0, 0.0, 0, NULL, 0.0, 'standard', 'infer', '', NULL, 0.05574425499980862, NULL, 0, NULL);
INSERT INTO ledger (id, owner, at, purpose, model, answer_id, run_id, document_id, document_shares, raw_usage, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, estimated, price_revision, litellm_cost_usd, tier, route, origin, first_token_s, seconds, error, cache_write_1h_tokens, price) VALUES ('d4d7c862e367926e', 'local', 1795276650.1369722, 'chat', 'extractive', '8e90c4ad1c770150', NULL, '221c45834d365626', '{"221c45834d365626": 1.0}', '{}', 35, 0, 0, 34, 0, 0.0, 0, NULL, NULL, 'standard', 'notes', 'typed', NULL, 0.0026972140003636014, NULL, 0, NULL);
INSERT INTO lexical (text, scope, kind, item_id) VALUES ('The mill at Corvane was built in 1871 by Ada Hollis. It has four stones and grinds rye for the whole valley.

The weir above the mill keeps the water of the river Tarn at a height of 3 metres. It was mended in 1924 by the brothers Lind, after a flood had carried away 12 metres of it. The repair cost 4,100 crowns and took 7 weeks.

The miller sells flour on Tuesday and Friday. A sack of rye flour costs 9 crowns, a sack of wheat flour 11 crowns.', 'd221c45834d365626 kchunk', 'chunk', '221c45834d365626-0');
INSERT INTO lexical (text, scope, kind, item_id) VALUES ('Who built the mill at Corvane in 1871? The mill at Corvane was built in 1871 by Ada Hollis.', 'd221c45834d365626 knote', 'note', '1513dbe513125be7');
INSERT INTO notes (id, owner, document_id, task_id, kind, question, text, formula, status, thinker, model, tokens, times_used, created_at) VALUES ('1513dbe513125be7', 'local', '221c45834d365626', 'edd7f98e9b779853', 'answer', 'Who built the mill at Corvane in 1871?', 'The mill at Corvane was built in 1871 by Ada Hollis.', NULL, 'verified', 'extractive', 'extractive', 30, 1, 1795276649.5066302);
INSERT INTO pages (document_id, number, text) VALUES ('221c45834d365626', 1, 'The mill at Corvane was built in 1871 by Ada Hollis. It has four stones and grinds rye for the whole valley.

The weir above the mill keeps the water of the river Tarn at a height of 3 metres. It was mended in 1924 by the brothers Lind, after a flood had carried away 12 metres of it. The repair cost 4,100 crowns and took 7 weeks.

The miller sells flour on Tuesday and Friday. A sack of rye flour costs 9 crowns, a sack of wheat flour 11 crowns.');
INSERT INTO settings (owner, name, value) VALUES ('local', 'effort', '"low"');
INSERT INTO sleep_runs (id, owner, task_id, document_id, pass_name, page_start, page_end, thinker, model, prompt_version, status, notes_added, notes_dropped, usage, error, started_at, seconds, generation, notes_joined, window_tokens, sent_tokens, asked_tokens) VALUES ('c4500eaa315a8bd3', 'local', '5ed88485eb2abeae', '221c45834d365626', 'outline', 1, 1, 'extractive', 'extractive', '', 'done', 0, '{}', '{"input_tokens": 124, "cached_tokens": 0, "cache_write_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0, "cost_usd": 0.0, "estimated": false, "cache_write_1h_tokens": 0}', NULL, 1795276648.4060907, 0.16194410599928233, 1, 0, 124, 0, 0);
INSERT INTO sleep_runs (id, owner, task_id, document_id, pass_name, page_start, page_end, thinker, model, prompt_version, status, notes_added, notes_dropped, usage, error, started_at, seconds, generation, notes_joined, window_tokens, sent_tokens, asked_tokens) VALUES ('47a424c9e8fb7aae', 'local', 'edd7f98e9b779853', '221c45834d365626', 'anticipate', 1, 1, 'extractive', 'extractive', '', 'done', 1, '{}', '{"input_tokens": 124, "cached_tokens": 0, "cache_write_tokens": 0, "output_tokens": 30, "reasoning_tokens": 0, "cost_usd": 0.0, "estimated": false, "cache_write_1h_tokens": 0}', NULL, 1795276649.1012537, 0.4401745659997687, 1, 0, 124, 0, 0);
INSERT INTO sleep_runs (id, owner, task_id, document_id, pass_name, page_start, page_end, thinker, model, prompt_version, status, notes_added, notes_dropped, usage, error, started_at, seconds, generation, notes_joined, window_tokens, sent_tokens, asked_tokens) VALUES ('ea9ef609231f9b55', 'local', 'b770e97c1ec1120b', '221c45834d365626', 'infer', 1, 1, 'extractive', 'extractive', '', 'done', 0, '{}', '{"input_tokens": 124, "cached_tokens": 0, "cache_write_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0, "cost_usd": 0.0, "estimated": false, "cache_write_1h_tokens": 0}', NULL, 1795276649.6952798, 0.05719311799839488, 1, 0, 124, 0, 0);
INSERT INTO sleep_tasks (id, owner, document_id, pass_name, window_hash, page_start, page_end, thinker, generation, revision, reason, attempts, done_at, lease_holder, lease_until, claimed_at, created_at, answers) VALUES ('5ed88485eb2abeae', 'local', '221c45834d365626', 'outline', '7bd8589c828966af5c8e34423423ef7e66a25cf2f4bc20a875cf2016fe6919dd', 1, 1, 'extractive', 1, 1, 'a summary first; unused for 1 minute', 1, 1795276649.0345428, NULL, NULL, 1795276648.4060907, 1795276648.4060907, '[]');
INSERT INTO sleep_tasks (id, owner, document_id, pass_name, window_hash, page_start, page_end, thinker, generation, revision, reason, attempts, done_at, lease_holder, lease_until, claimed_at, created_at, answers) VALUES ('edd7f98e9b779853', 'local', '221c45834d365626', 'anticipate', '7443251ca834ca580d7a8d012fdad7487228060ccfb5b243d1ed944d62de4614', 1, 1, 'extractive', 1, 1, 'a first look at page 1; unused for 1 minute', 1, 1795276649.5515847, NULL, NULL, 1795276649.1012537, 1795276649.1012537, '[]');
INSERT INTO sleep_tasks (id, owner, document_id, pass_name, window_hash, page_start, page_end, thinker, generation, revision, reason, attempts, done_at, lease_holder, lease_until, claimed_at, created_at, answers) VALUES ('b770e97c1ec1120b', 'local', '221c45834d365626', 'infer', '01266e6adcd5cd19041a5d4aa312fcae8f82bc03da05614fc90bcec9d2c57712', 1, 1, 'extractive', 1, 1, 'derived figures, page 1; unused for 1 minute', 1, 1795276649.8024492, NULL, NULL, 1795276649.6952798, 1795276649.6952798, '[]');
INSERT INTO vectors (kind, item_id, embedder, document_id, dimension, vector) VALUES ('chunk', '221c45834d365626-0', 'fake/1', '221c45834d365626', 64, X'3fa88cbd00000000000000000000000000000000000000003fa88cbd3fa88c3d000000003fa88cbd4fd2af3e3fa88cbd000000005ffc52be3fa88c3e000000003fa88cbd000000005ffc52be3fa88cbd000000003fa80cbe000000000000000000000000000000003fa88cbd5ffc523e000000003fa88c3d5ffc52be000000003fa88c3d3fa80c3e3fa88cbd3fa88cbd00000000000000003fa88cbd3fa88cbd3fa80cbe3fa88cbd00000000000000003fa88c3d000000003fa88c3d3fa88cbd5ffc52be3fa88cbd473d1ebf000000003fa88cbd0000000000000000000000003fa88cbd3fa88c3d0000000000000000000000003fa88cbd5ffc523e3fa88c3d');
INSERT INTO vectors (kind, item_id, embedder, document_id, dimension, vector) VALUES ('note', '1513dbe513125be7', 'fake/1', '221c45834d365626', 64, X'0000000000000000000000000000000000000000000000000000000004ec9f3e0000000004ec1f3e04ec1f3e00000000000000000000000004ec9fbe00000000000000000000000000000000000000000000000004ec1fbf0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004ec1fbe00000000000000000000000004ec1fbe04ec9fbe00000000000000000000000004ec9f3e000000000000000000000000000000000000000004ec9fbe000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004ec1f3e00000000');
