// Where a quote stands on the pages of a PDF. The quote comes from the text that the pipeline has made of the page, with
// words joined again and lines in reading order; a page has pieces in the order of its file. So letters and digits
// count, and nothing else.

const KEPT = /[\p{L}\p{N}]/u;
const WORD = /[\p{L}\p{N}]+/gu;

// A window of the page may be so much longer than the quote: lines of a column beside it, a footer between two pages.
const WINDOW = 1.5;
const WINDOW_SPARE = 10;
const MIN_SHARE = 0.5;
const SHORT_WORD = /^\p{L}{1,3}$/u;

const fold = (text) => Array.from(text.normalize("NFKD").toLowerCase()).filter((character) => KEPT.test(character));

// The letters of the pieces, with the place of each: `piece`, and where in it the character begins and ends.
function lettersOf(pieces) {
  const letters = [];
  pieces.forEach((text, piece) => {
    let start = 0;
    for (const character of text) {
      for (const letter of fold(character)) letters.push({ letter, piece, start, end: start + character.length });
      start += character.length;
    }
  });
  return letters;
}

// `pieces` are texts in the order of the pages. Returns {ranges, isWhole}: for each piece that holds some of the quote
// {piece, start, end} in UTF-16 units, and whether the quote stands there as one.
export function findQuote(quote, pieces) {
  const wanted = fold(quote).join("");
  if (!wanted) return { ranges: [], isWhole: false };
  const letters = lettersOf(pieces);
  // One UTF-16 unit each, so that a place in the text is a place in the list: what is beyond the first plane is rare.
  const text = letters.map(({ letter }) => letter[0]).join("");
  const sought = Array.from(wanted, (letter) => letter[0]).join("");
  const place = text.indexOf(sought);
  if (place >= 0) return { ranges: joined(letters.slice(place, place + sought.length)), isWhole: true };
  return { ranges: nearest(quote, pieces), isWhole: false };
}

function wordsOf(pieces) {
  return pieces.flatMap((text, piece) =>
    Array.from(text.matchAll(WORD), ({ 0: word, index }) => ({
      word: fold(word).join(""),
      piece,
      start: index,
      end: index + word.length,
    })),
  );
}

// The part of the pages that has most of the quote's words, and those words in it.
function nearest(quote, pieces) {
  const sought = Map.groupBy(wordsOf([quote]), ({ word }) => word);
  const wanted = Array.from(sought.values()).reduce((sum, same) => sum + same.length, 0);
  const words = wordsOf(pieces);
  const size = Math.ceil(wanted * WINDOW) + WINDOW_SPARE;
  const seen = new Map();
  let score = 0;
  let best = { score: 0, start: 0, end: 0 };
  words.forEach(({ word }, index) => {
    score += step(seen, sought, word, 1);
    if (index >= size) score += step(seen, sought, words[index - size].word, -1);
    if (score > best.score) best = { score, start: Math.max(0, index - size + 1), end: index + 1 };
  });
  if (best.score < 2 || best.score < MIN_SHARE * wanted) return [];
  const within = words.slice(best.start, best.end);
  const isSought = (index) => sought.has(within[index]?.word);
  // An "of" alone is of another sentence.
  const isTold = (index) => isSought(index - 1) || isSought(index + 1) || !SHORT_WORD.test(within[index].word);
  return joined(within.filter((_, index) => isSought(index) && isTold(index)));
}

// By how much the score changes when the word enters (+1) or leaves (-1) the window.
function step(seen, sought, word, change) {
  const enough = sought.get(word)?.length ?? 0;
  const before = seen.get(word) ?? 0;
  seen.set(word, before + change);
  return Math.min(enough, before + change) - Math.min(enough, before);
}

// Neighbouring places of one piece as one.
function joined(places) {
  const ranges = [];
  for (const { piece, start, end } of places) {
    const last = ranges.at(-1);
    if (last && last.piece === piece && start - last.end <= 2) last.end = Math.max(last.end, end);
    else ranges.push({ piece, start, end });
  }
  return ranges;
}
