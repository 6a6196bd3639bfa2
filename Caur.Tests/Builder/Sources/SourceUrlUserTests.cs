using Caur.Builder.Sources;

namespace Caur.Tests.Builder.Sources;

public sealed class SourceUrlUserTests
{
    [Theory]
    [InlineData("https://user:secret@git.example.org/a/b.git", "https://git.example.org/a/b.git")]
    [InlineData("https://token@git.example.org/a.git", "https://git.example.org/a.git")]
    [InlineData("https://git.example.org/a.git", "https://git.example.org/a.git")]
    [InlineData("git@git.example.org:a/b.git", "git@git.example.org:a/b.git")]
    [InlineData("/srv/sources", "/srv/sources")]
    public void WithoutUser_WhenGivenAUrl_DropsOnlyWhatIsSecret(string url, string shown) => SourceUrl.WithoutUser(url).ShouldBe(shown);
}
