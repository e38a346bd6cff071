"""The app through Streamlit's own test harness, without a browser."""
