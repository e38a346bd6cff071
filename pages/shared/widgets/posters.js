// Generated posters: the colours of a movie's genres, a motif, the year, and the title as text. What is no movie has a
// plain card instead: a colour for its first tag, that tag, and the title.

// by genre: a dark colour, on which white text is legible, and a light one for the motif
const POSTER_COLOURS = {
  Action: ["#7f1d1d", "#f97316"],
  Adventure: ["#14532d", "#a3e635"],
  Animation: ["#7e22ce", "#f0abfc"],
  "Children's": ["#0369a1", "#fde047"],
  Comedy: ["#a1440a", "#fde68a"],
  Crime: ["#27272a", "#f87171"],
  Documentary: ["#334155", "#cbd5e1"],
  Drama: ["#1e3a5f", "#93c5fd"],
  Fantasy: ["#4c1d95", "#c4b5fd"],
  "Film-Noir": ["#18181b", "#d4d4d8"],
  Horror: ["#450a0a", "#ef4444"],
  Musical: ["#9d174d", "#fbcfe8"],
  Mystery: ["#134e4a", "#5eead4"],
  Romance: ["#9f1239", "#fecdd3"],
  "Sci-Fi": ["#0c2a5e", "#67e8f9"],
  Thriller: ["#292524", "#facc15"],
  War: ["#3f4a1f", "#d9f99d"],
  Western: ["#7c3a10", "#fdba74"],
}
const POSTER_COLOURS_OF_NO_GENRE = ["#374151", "#d1d5db"]

// the same numbers from 0 to 1 for the same title, so that a movie always looks the same
function posterRandom(text) {
  let state = 2166136261
  for (const character of text) state = Math.imul(state ^ character.codePointAt(0), 16777619)
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2246822507)
    state = Math.imul(state ^ (state >>> 13), 3266489909)
    state ^= state >>> 16
    return (state >>> 0) / 2 ** 32
  }
}

const posterCircle = (x, y, r, more = "") => `<circle cx="${x}" cy="${y}" r="${r}" ${more}/>`
const posterPath = (d, more = "") => `<path d="${d}" ${more}/>`
const posterMany = (count, draw) => Array.from({ length: count }, (_, index) => draw(index)).join("")
const POSTER_LINE = 'fill="none" stroke="var(--poster-light)"'

// in a box of 100 × 150, of which the upper half shows best; ``r`` returns random numbers from 0 to 1
const POSTER_MOTIFS = {
  Action: (r) => {
    const x = 30 + 40 * r()
    return posterMany(9, (i) => {
      const angle = (i / 9) * 2 * Math.PI + r()
      const end = (turn) => `${x + 140 * Math.cos(angle + turn)} ${45 + 140 * Math.sin(angle + turn)}`
      return posterPath(`M${x} 45L${end(-0.12)}L${end(0.12)}Z`, 'opacity="0.35"')
    })
  },
  Adventure: (r) => {
    const peak = (y, opacity) => {
      const x = 20 + 60 * r()
      return posterPath(`M${x - 70} 150L${x} ${y}L${x + 70} 150Z`, `opacity="${opacity}"`)
    }
    return posterCircle(20 + 60 * r(), 26, 11, 'opacity="0.8"') + peak(40, 0.25) + peak(58, 0.3) + peak(80, 0.3)
  },
  Animation: (r) =>
    posterMany(14, () => posterCircle(100 * r(), 110 * r(), 4 + 14 * r(), `opacity="${0.15 + 0.4 * r()}"`)),
  "Children's": (r) =>
    posterMany(4, (i) => {
      const x = 16 + 23 * i
      const y = 26 + 34 * r()
      return posterCircle(x, y, 10 + 3 * r(), 'opacity="0.65"') +
        posterPath(`M${x} ${y + 10}q4 20 -2 42`, `${POSTER_LINE} opacity="0.5"`)
    }),
  Comedy: (r) => {
    const x = 34 + 32 * r()
    return posterCircle(x, 48, 26, 'opacity="0.55"') +
      posterPath(`M${x - 15} 52a15 15 0 0 0 30 0Z`, 'fill="var(--poster-from)"') +
      posterCircle(x - 9, 41, 3, 'fill="var(--poster-from)"') + posterCircle(x + 9, 41, 3, 'fill="var(--poster-from)"')
  },
  Crime: (r) => {
    const slant = 10 + 20 * r()
    return posterMany(7, (i) =>
      posterPath(`M-10 ${12 * i + slant}L110 ${12 * i}v5L-10 ${12 * i + slant + 5}Z`, 'opacity="0.4"'))
  },
  Documentary: (r) => {
    const x = 30 + 40 * r()
    return posterMany(5, (i) => posterCircle(x, 48, 8 + 9 * i, `${POSTER_LINE} stroke-width="2" opacity="0.55"`)) +
      posterCircle(x, 48, 5)
  },
  Drama: (r) => {
    const x = 25 + 50 * r()
    return posterPath(`M${x} -10L${x - 42} 118H${x + 42}Z`, 'opacity="0.3"') +
      `<ellipse cx="${x}" cy="118" rx="42" ry="9" opacity="0.4"/>`
  },
  Fantasy: (r) =>
    posterPath("M62 20a26 26 0 1 0 14 44a22 22 0 1 1 -14 -44Z", 'opacity="0.85"') +
    posterMany(16, () => posterCircle(100 * r(), 100 * r(), 0.6 + 1.2 * r())),
  "Film-Noir": (r) => {
    const x = 35 + 30 * r()
    return posterCircle(x, 46, 30, 'opacity="0.7"') +
      posterMany(8, (i) => `<rect x="0" y="${12 + 9 * i}" width="100" height="4.5" fill="var(--poster-from)"/>`)
  },
  Horror: (r) => {
    const drops = posterMany(9, (i) => `L${11.2 * i + 5} ${30 + 45 * r()}L${11.2 * (i + 1)} ${12 + 8 * r()}`)
    return posterPath(`M0 0V16${drops}L102 0Z`, 'opacity="0.75"')
  },
  Musical: (r) =>
    posterMany(12, (i) => {
      const height = 12 + 50 * r()
      return `<rect x="${4 + 8 * i}" y="${50 - height / 2}" width="4" height="${height}" rx="2" opacity="0.65"/>`
    }),
  Mystery: (r) => {
    const x = 35 + 30 * r()
    return posterCircle(x, 38, 15, 'opacity="0.7"') +
      posterPath(`M${x - 7} 46L${x - 13} 88H${x + 13}L${x + 7} 46Z`, 'opacity="0.7"')
  },
  Romance: (r) => {
    const x = 32 + 12 * r()
    return posterCircle(x, 46, 22, 'opacity="0.5"') + posterCircle(x + 24, 46, 22, 'opacity="0.5"')
  },
  "Sci-Fi": (r) => {
    const x = 35 + 30 * r()
    return posterMany(18, () => posterCircle(100 * r(), 110 * r(), 0.5 + r())) +
      posterCircle(x, 46, 19, 'opacity="0.85"') +
      `<ellipse cx="${x}" cy="46" rx="34" ry="8" ${POSTER_LINE} stroke-width="3" transform="rotate(-22 ${x} 46)"/>`
  },
  Thriller: (r) => {
    const x = 30 + 40 * r()
    return posterCircle(x, 46, 24, `${POSTER_LINE} stroke-width="2.5"`) +
      posterCircle(x, 46, 13, `${POSTER_LINE} stroke-width="1.5"`) +
      posterPath(`M${x} 12v68M${x - 34} 46h68`, `${POSTER_LINE} stroke-width="1.5"`)
  },
  War: (r) => {
    const top = 10 + 12 * r()
    return posterMany(4, (i) =>
      posterPath(`M14 ${top + 20 * i}L50 ${top + 18 + 20 * i}L86 ${top + 20 * i}v9L50 ${top + 27 + 20 * i}L14 ${top + 9 + 20 * i}Z`,
        'opacity="0.4"'))
  },
  Western: (r) =>
    posterCircle(25 + 50 * r(), 58, 24, 'opacity="0.85"') +
    posterPath("M0 78H22V62h14V78H66V54H84V78h16V150H0Z", 'fill="var(--poster-from)"'),
}
const POSTER_SERIOUS = ["Crime", "Drama", "Film-Noir", "Horror", "Mystery", "Thriller", "War"]
const POSTER_MOTIF_OF_NO_GENRE = (r) =>
  posterMany(5, () => posterCircle(100 * r(), 90 * r(), 10 + 16 * r(), 'opacity="0.25"'))

// in hundredths of a poster's width: the sizes of titles, the width of their lines, and the height that they may fill
const POSTER_SIZES = [21, 18, 15.5, 13.5, 12, 10.5, 9.2, 8.2, 7.4, 6.6]
const POSTER_LINE_WIDTH = 84
const POSTER_TEXT_HEIGHT = 96
let posterCanvas

function posterTextWidth(text, family) {
  posterCanvas ??= document.createElement("canvas").getContext("2d")
  posterCanvas.font = `800 100px ${family || "sans-serif"}`
  return posterCanvas.measureText(text).width / 100
}

// the largest size in which no word is wider than the poster, and all lines fit one below the other
function posterTitleSize(title, family) {
  const space = posterTextWidth(" ", family)
  // a line may end after a space or a hyphen
  const words = title.toUpperCase().split(/(?<=-)|\s+/)
  const widths = words.map((word) => posterTextWidth(word, family) * 1.03)
  const fits = (size) => {
    let lines = 1
    let line = 0
    for (const width of widths) {
      if (width * size > POSTER_LINE_WIDTH) return false
      if (line && (line + space + width) * size > POSTER_LINE_WIDTH) {
        lines += 1
        line = 0
      }
      line += (line ? space : 0) + width
    }
    return lines * size * 1.08 <= POSTER_TEXT_HEIGHT
  }
  return POSTER_SIZES.find(fits) ?? POSTER_SIZES.at(-1)
}

function posterInitials(title) {
  const words = title.replace(/^(the|a|an) /i, "").split(/[\s-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  return words.slice(0, 2).map((word) => [...word.replace(/^[^\p{L}\p{N}]+/u, "")][0].toUpperCase()).join("")
}

// the angle between the hues of two tags that follow each other: no two of a few dozen are close (the golden angle)
const CARD_ANGLE = 137.5

function card(item, { small, family }) {
  const element = document.createElement("span")
  element.className = small ? "poster card small" : "poster card"
  element.setAttribute("aria-hidden", "true")
  const hue = item.hue === null ? "0 0%" : `${Math.round((CARD_ANGLE * item.hue + 210) % 360)} 42%`
  element.style.setProperty("--poster-from", `hsl(${hue} 27%)`)
  element.style.setProperty("--poster-to", `hsl(${hue} 21%)`)
  const add = (tag, className, text) => {
    const child = document.createElement(tag)
    child.className = className
    child.textContent = text
    element.append(child)
  }
  if (small) {
    add("span", "initials", posterInitials(item.title))
    return element
  }
  element.style.setProperty("--poster-size", posterTitleSize(item.title, family) * 0.86)
  if (item.genres.length) add("span", "tag", item.genres[0])
  add("bdi", "name", item.title)
  if (item.year) add("span", "year", item.year)
  return element
}

// ``movie``: what posters.py gives. ``small``: initials instead of title and year. ``family``: the font of the title.
// For the eye only: whoever shows a poster says the title in words, too.
function poster(movie, { small = false, family = "" } = {}) {
  if (movie.hue !== undefined) return card(movie, { small, family })
  const element = document.createElement("span")
  element.className = "poster"
  element.setAttribute("aria-hidden", "true")
  const random = posterRandom(movie.title)
  // any of the genres may lead, or many movies of the same kind would look alike
  const drawn = movie.genres.filter((genre) => POSTER_MOTIFS[genre])
  // a dark comedy has no smile on it
  const known = drawn.filter((genre) => genre !== "Comedy" || !drawn.some((other) => POSTER_SERIOUS.includes(other)))
  const lead = Math.floor(random() * known.length)
  const [genre, other] = [known[lead], known[(lead + 1) % known.length]]
  const [from, light] = POSTER_COLOURS[genre] ?? POSTER_COLOURS_OF_NO_GENRE
  const second = other && other !== genre ? POSTER_COLOURS[other] : [`color-mix(in srgb, ${from} 55%, #000)`]
  element.style.setProperty("--poster-from", from)
  element.style.setProperty("--poster-to", second[0])
  element.style.setProperty("--poster-light", light)
  const motif = POSTER_MOTIFS[genre] ?? POSTER_MOTIF_OF_NO_GENRE
  // nothing of a title gets into this text: the motif is made of numbers alone
  element.innerHTML = `<svg viewBox="0 0 100 150" preserveAspectRatio="xMidYMid slice" aria-hidden="true" opacity="${
    small ? 0.55 : 0.8}">${motif(random)}</svg>`
  const add = (tag, className, text) => {
    const child = document.createElement(tag)
    child.className = className
    child.textContent = text
    element.append(child)
  }
  if (movie.picture) {
    const picture = document.createElement("img")
    picture.alt = ""
    picture.onload = () => element.append(picture)
    picture.src = movie.picture
  }
  if (small) {
    element.classList.add("small")
    add("span", "initials", posterInitials(movie.title))
    return element
  }
  element.style.setProperty("--poster-size", posterTitleSize(movie.title, family))
  add("bdi", "name", movie.title)
  if (movie.year) add("span", "year", movie.year)
  return element
}

// the same, drawn once for each movie in a component that draws its list anew with each change; ``place``: an element
// that stays
function keptPoster(place, id, movie, options) {
  place.posters ??= new Map()
  const key = `${id} ${movie.picture ?? ""} ${options.small ?? false}`
  if (!place.posters.has(key)) place.posters.set(key, poster(movie, options))
  return place.posters.get(key)
}
