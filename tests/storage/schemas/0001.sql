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
	CONSTRAINT pk_answers PRIMARY KEY (id),
	CONSTRAINT fk_answers_conversation_id_conversations FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
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
CREATE TABLE settings (
	owner VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_settings PRIMARY KEY (owner, name)
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
CREATE INDEX ix_ledger_at ON ledger (at);
CREATE INDEX ix_ledger_document_id ON ledger (document_id);
CREATE INDEX ix_notes_document_id ON notes (document_id);
CREATE INDEX ix_sleep_runs_started_at ON sleep_runs (started_at);
CREATE INDEX ix_vectors_document_id ON vectors (document_id);
INSERT INTO alembic_version VALUES ('0001');
