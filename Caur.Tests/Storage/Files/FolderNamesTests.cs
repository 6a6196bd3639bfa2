using Caur.Storage.Files;

namespace Caur.Tests.Storage.Files;

public sealed class FolderNamesTests
{
    private readonly FolderNames _names = new(DataFolders.Resolve("/srv/farm", name => name == "GPG_PATH" ? "/etc/farm/gpg" : null));

    [Theory]
    [InlineData("no space: '/srv/farm/logs/foo/1.log'", "no space: 'the logs' folder/foo/1.log'")]
    [InlineData("/srv/farm is full, /etc/farm/gpg too", "the data folder is full, the keys' folder too")]
    [InlineData("cannot read /etc/farm/gpg.", "cannot read the keys' folder.")]
    [InlineData("/srv/farmhouse, /srv/farm-2, /mnt/srv/farm", "/srv/farmhouse, /srv/farm-2, /mnt/srv/farm")]
    [InlineData("nothing of it", "nothing of it")]
    public void In_AText_NamesTheFoldersAndNothingElse(string text, string shown) => _names.In(text).ShouldBe(shown);
}
