'use strict';

/** Edit distance (Levenshtein) between two words, capitals ignored. */
function distance(left, right) {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

/** The candidate closest to `word`, or null when there is none. */
function nearest(word, candidates) {
  let best = null;
  for (const candidate of candidates) {
    const far = distance(word, candidate);
    if (best === null || far < best.far) best = { candidate, far };
  }
  return best && best.candidate;
}

module.exports = { nearest, distance };
