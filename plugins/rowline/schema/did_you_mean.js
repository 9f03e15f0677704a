'use strict';

const { distance } = require('fastest-levenshtein');

/** The candidate closest to `word` in any case of letters, or null without candidates. */
function nearest(word, candidates) {
  const far = (candidate) => distance(word.toLowerCase(), candidate.toLowerCase());
  return candidates.reduce(
    (best, candidate) => (best !== null && far(best) <= far(candidate) ? best : candidate),
    null,
  );
}

module.exports = { nearest };
