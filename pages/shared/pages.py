"""The scripts of the app's pages, as ``st.Page``, ``st.page_link`` and ``st.switch_page`` take them."""

RECOMMEND = "pages/recommend/recommend.py"
WHAT_IF = "pages/what_if/what_if.py"
REPLAY = "pages/replay/replay.py"
STORY = "pages/story/story.py"
WHY = "pages/why/why.py"
TRAINING = "pages/training/training.py"
EVALUATION = "pages/evaluation/evaluation.py"
DATA = "pages/data/data.py"
ABOUT = "pages/about/about.py"

# the paths of pages whose address says what they show, not who the visitor is
OWN_ADDRESS = ("story",)
# the paths of pages that take files; Recommend is the first page
WITH_UPLOADS = ("", "story")
