//! What the bots share.

/// The text of a file at Discord's CDN.
pub async fn download(url: &str) -> reqwest::Result<String> {
    reqwest::get(url).await?.text().await
}
