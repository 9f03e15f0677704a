'use strict';

// Parts of the archive's packages that its function does not use: other file formats, stores and
// catalogs, and sources for compilers. Without them the zip is below 50 MB.
// tests/unit/stack/test_archive_package.py imports what is left.
const NEEDLESS = [
  /^pyarrow\/(include|tests|interchange|src)\//,
  /^pyarrow\/libarrow_(flight|python_flight|python_parquet_encryption|s3)\.[^/]*$/,
  // copies under the names that compilers look for
  /^pyarrow\/libarrow_python\.so(\.\d+\.\d+\.\d+)?$/,
  /^pyarrow\/_(flight|orc|substrait|gcsfs|azurefs|hdfs|s3fs|dataset_orc|pyarrow_cpp_tests)\.[^/]*$/,
  /^pyarrow\/_(dataset_)?parquet_encryption\.[^/]*$/,
  /^pyarrow\/.*\.(pyx|pxd|pxi|h|cc|cpp|hpp)$/,
  /^(hive_metastore|vendor|fb303)\//,
  /^aws_lambda_powertools\/event_handler\/openapi\/swagger_ui\//,
  /^zstandard\/_cffi[^/]*$/,
  // of PyIceberg's command and of catalogs other than Glue, and of other functions
  /^(charset_normalizer|click|fsspec|idna|markdown_it|mdurl|pygments|requests|rich|tenacity)\//,
  /^pymysql\//,
];

// PyIceberg imports this class when it starts, for a store that the archive does not use: its files
// go through boto3 (shared/adapters/lake/iceberg/file_io.py). The real module has 17 MB.
const ADDED = [['pyarrow/_s3fs.py', Buffer.from('class S3RetryStrategy:\n    pass\n')]];

/** Whether the archive's function needs a file of the installed packages. */
const isNeededByArchive = (name) => !NEEDLESS.some((pattern) => pattern.test(name));

module.exports = { isNeededByArchive, ADDED };
