// What Streamlit has no option for. Each repair looks at what is there, and does nothing where it does not find it.

// One click, one entry in the browser's history. Streamlit makes one for the page, one for each change of the
// parameters, and one more where a script is run without anybody's doing; Back would then lead nowhere.
function oneEntryAClick() {
  let acted = false
  const act = () => (acted = true)
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, act, true)
  window.addEventListener("popstate", () => (acted = false), true)
  const push = window.history.pushState.bind(window.history)
  window.history.pushState = (state, unused, address) => {
    if (acted) push(state, unused, address)
    else window.history.replaceState(state, unused, address)
    acted = false
  }
}

// A row of stars is called "Feedback rating", whatever is rated.
function nameStars() {
  for (const stars of document.querySelectorAll('.stFeedback [role="radiogroup"]')) {
    const title = stars.closest('[class*="st-key-event_"], [class*="st-key-b_event_"]')?.querySelector("p")?.textContent
    const name = `Rating of ${title}`
    if (title && stars.getAttribute("aria-label") !== name) stars.setAttribute("aria-label", name)
  }
}

export default function ({ data }) {
  // what everything stands on: Streamlit tells its colours to components alone
  document.documentElement.style.setProperty("--paper", data.paper)
  if (window.pageFrame) return
  window.pageFrame = true
  oneEntryAClick()
  nameStars()
  new MutationObserver(nameStars).observe(document.body, { childList: true, subtree: true, characterData: true })
}
