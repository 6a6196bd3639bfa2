using System.CommandLine;
using Caur.Pipelines.Reading;

namespace Caur.Silo.Cli;

/// <summary><c>caur deptree</c>: the dependency graph of the package folders in a folder, in the manual's form, without a hub.</summary>
internal static class DeptreeVerb
{
    private static readonly Argument<string> Folder = new("folder")
    {
        Description = "The folder with the package folders.",
        DefaultValueFactory = _ => ".",
    };

    private static readonly Option<string> Arch = new("--arch")
    {
        Description = "The architecture to build for.",
        DefaultValueFactory = _ => "x86_64",
        HelpName = "ARCH",
    };

    public static Command Create(CliContext context)
    {
        var command = new Command("deptree", "Prints what depends on what: pkgbase:names:dependencies, with semicolons between.") { Folder, Arch, CommonOptions.Json };
        command.SetAction(async (result, cancellationToken) =>
        {
            var path = result.GetRequiredValue(Folder);
            if (!Directory.Exists(path))
            {
                throw new FarmException(ExitCodes.Usage, $"there is no folder '{path}'");
            }

            var folders = await FolderReader.ReadAsync(path, cancellationToken);
            var deptree = new Deptree(folders, result.GetRequiredValue(Arch));
            var left = folders.Where(folder => folder.Problem is not null).Select(folder => new { folder.Pkgbase, folder.Problem }).ToList();
            var notes = folders.SelectMany(folder => deptree.ChoicesOf(folder.Pkgbase)).Select(choice => choice.ToString()).ToList();
            if (result.GetValue(CommonOptions.Json))
            {
                JsonText.Write(context.Out, new { deptree = deptree.ToText().ToString(), leftOut = left, notes });
                return ExitCodes.Ok;
            }

            foreach (var folder in left)
            {
                context.Error.WriteLine($"left out: {folder.Pkgbase}: {folder.Problem}");
            }

            foreach (var note in notes)
            {
                context.Error.WriteLine($"note: {note}");
            }

            context.Out.WriteLine(deptree.ToText());
            return ExitCodes.Ok;
        });
        return command;
    }
}
