/**
 * Argument and result types of PostgreSQL's common functions, so that a column's use as an argument tells its type.
 * `*` says nothing of an argument, `#` is some number; a result `1` has the type of the first argument, `=` means
 * that all arguments and the result have one type, `?` is not known.
 */

const SIGNATURES = `
upper text > text
lower text > text
initcap text > text
length text > integer
char_length text > integer
character_length text > integer
octet_length text > integer
btrim text text > text
ltrim text text > text
rtrim text text > text
lpad text integer text > text
rpad text integer text > text
left text integer > text
right text integer > text
repeat text integer > text
replace text text text > text
reverse text > text
split_part text text integer > text
strpos text text > integer
position text text > integer
substring text * * > text
substr text integer integer > text
translate text text text > text
overlay text text integer integer > text
starts_with text text > boolean
regexp_replace text text text text > text
regexp_match text text text > text[]
regexp_matches text text text > text[]
regexp_count text text integer text > integer
regexp_like text text text > boolean
regexp_substr text text integer > text
string_to_table text text > text
chr integer > text
to_hex integer > text
regexp_split_to_array text text text > text[]
regexp_split_to_table text text text > text
string_to_array text text text > text[]
string_agg text text > text
md5 text > text
ascii text > integer
initcap text > text
unaccent text > text
soundex text > text
levenshtein text text > integer
similarity text text > real
word_similarity text text > real
to_tsvector * text > tsvector
to_date text text > date
to_timestamp * * > timestamptz
to_number text text > numeric
concat * > text
concat_ws * > text
format * > text
quote_ident text > text
quote_literal text > text
date_trunc text timestamptz > 2
date_part text timestamptz > double precision
extract text timestamptz > numeric
age timestamptz timestamptz > interval
to_char timestamptz text > text
timezone text timestamptz > timestamptz
date_bin interval timestamptz timestamptz > timestamptz
date_add timestamptz interval text > timestamptz
date_subtract timestamptz interval text > timestamptz
make_interval integer integer integer integer integer integer double precision > interval
daterange date date text > daterange
tsrange timestamp timestamp text > tsrange
tstzrange timestamptz timestamptz text > tstzrange
numrange numeric numeric text > numrange
int4range integer integer text > int4range
int8range bigint bigint text > int8range
make_date integer integer integer > date
justify_days interval > interval
isfinite timestamptz > boolean
now > timestamptz
clock_timestamp > timestamptz
statement_timestamp > timestamptz
transaction_timestamp > timestamptz
count * > bigint
sum # > numeric
avg # > numeric
min = > =
max = > =
any_value = > =
stddev # > numeric
stddev_pop # > numeric
stddev_samp # > numeric
variance # > numeric
var_pop # > numeric
var_samp # > numeric
covar_pop # # > double precision
covar_samp # # > double precision
regr_slope # # > double precision
regr_intercept # # > double precision
regr_r2 # # > double precision
corr # # > double precision
abs # > 1
ceil # > 1
ceiling # > 1
floor # > 1
round numeric integer > numeric
trunc numeric integer > numeric
sign # > numeric
sqrt # > double precision
cbrt # > double precision
exp # > double precision
ln # > double precision
log # # > numeric
sin # > double precision
cos # > double precision
tan # > double precision
asin # > double precision
acos # > double precision
atan # > double precision
atan2 # # > double precision
radians # > double precision
degrees # > double precision
power # # > double precision
mod # # > 1
div numeric numeric > numeric
width_bucket # # # integer > integer
bool_and boolean > boolean
bool_or boolean > boolean
every boolean > boolean
bit_and integer > integer
bit_or integer > integer
greatest = > =
least = > =
coalesce = > =
nullif = > =
first_value = > =
last_value = > =
nth_value 1 integer > 1
lag = > =
lead = > =
row_number > bigint
rank > bigint
dense_rank > bigint
ntile integer > integer
percent_rank > double precision
cume_dist > double precision
mode > ?
percentile_cont double precision > double precision
percentile_disc double precision > ?
array_agg * > ?
array_length anyarray integer > integer
cardinality anyarray > integer
array_to_string anyarray text text > text
array_append anyarray * > 1
array_remove anyarray * > 1
array_cat anyarray anyarray > 1
array_position anyarray * > integer
unnest anyarray > ?
json_agg * > json
jsonb_agg * > jsonb
json_object_agg * * > json
jsonb_object_agg * * > jsonb
json_build_object * > json
jsonb_build_object * > jsonb
json_build_array * > json
jsonb_build_array * > jsonb
to_json * > json
to_jsonb * > jsonb
row_to_json * > json
jsonb_array_elements jsonb > jsonb
jsonb_array_elements_text jsonb > text
jsonb_array_length jsonb > integer
jsonb_each jsonb > ?
jsonb_each_text jsonb > ?
jsonb_object_keys jsonb > text
jsonb_extract_path jsonb text text text > jsonb
jsonb_extract_path_text jsonb text text text > text
jsonb_typeof jsonb > text
jsonb_set jsonb text[] jsonb boolean > jsonb
jsonb_strip_nulls jsonb > jsonb
jsonb_pretty jsonb > text
jsonb_path_query jsonb jsonpath > jsonb
jsonb_path_exists jsonb jsonpath > boolean
jsonb_to_recordset jsonb > ?
jsonb_to_record jsonb > ?
json_array_elements json > json
json_array_elements_text json > text
json_array_length json > integer
json_each json > ?
json_each_text json > ?
json_extract_path_text json text text text > text
json_object_keys json > text
json_typeof json > text
json_to_recordset json > ?
host inet > text
network inet > cidr
masklen inet > integer
family inet > integer
encode bytea text > text
sha256 bytea > bytea
plainto_tsquery text > tsquery
phraseto_tsquery text > tsquery
websearch_to_tsquery text > tsquery
ts_rank tsvector tsquery > real
digest * text > bytea
convert_from bytea text > text
lower_inc ? > boolean
isempty ? > boolean
hashtext text > integer
pg_sleep double precision > void
gen_random_uuid > uuid
uuid_generate_v4 > uuid
random > double precision
pg_typeof * > regtype
nextval regclass > bigint
currval regclass > bigint
setval regclass bigint boolean > bigint
current_setting text boolean > text
current_database > name
version > text
point double precision double precision > point
st_makepoint double precision double precision double precision > geometry
st_point double precision double precision integer > geometry
st_x geometry > double precision
st_y geometry > double precision
st_area geometry > double precision
st_length geometry > double precision
st_astext geometry > text
st_asgeojson geometry > text
st_distance geometry geometry > double precision
st_contains geometry geometry > boolean
st_within geometry geometry > boolean
st_intersects geometry geometry > boolean
st_dwithin geometry geometry double precision > boolean
st_transform geometry integer > geometry
st_centroid geometry > geometry
st_buffer geometry double precision > geometry
st_srid geometry > integer
st_setsrid geometry integer > geometry
nlevel ltree > integer
subpath ltree integer integer > ltree
akeys hstore > text[]
`;

export interface Signature {
    readonly args: readonly string[];
    readonly result: string;
}

function parse(line: string): [string, Signature] {
    const [left = "", result = "?"] = line.split(" > ");
    const [name = "", ...args] = left.replace(/double precision/g, "double_precision").split(" ");
    return [name, { args: args.map((arg) => arg.replace("double_precision", "double precision")), result }];
}

const TABLE: ReadonlyMap<string, Signature> = new Map(
    SIGNATURES.trim()
        .split("\n")
        .map((line) => parse(line)),
);

export function signatureOf(name: string): Signature | undefined {
    return TABLE.get(name);
}
