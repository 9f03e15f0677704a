'use strict';

const { distance } = require('fastest-levenshtein');

/**
 * The candidate closest to `word` in any case of letters, or null without candidates. Of several
 * that are as close, one that begins with the word: `of` is off, not on.
 */
function nearest(word, candidates) {
  const lower = word.toLowerCase();
  const far = (candidate) =>
    distance(lower, candidate.toLowerCase()) -
    (candidate.toLowerCase().startsWith(lower) ? 0.5 : 0);
  return candidates.reduce(
    (best, candidate) => (best !== null && far(best) <= far(candidate) ? best : candidate),
    null,
  );
}

/** The candidate closest to `word`, or null when all of them are quite other words. */
function similar(word, candidates) {
  const found = nearest(word, candidates);
  if (found === null) return null;
  const changes = distance(word.toLowerCase(), found.toLowerCase());
  return changes * 2 <= Math.max(word.length, found.length) ? found : null;
}

module.exports = { nearest, similar };
