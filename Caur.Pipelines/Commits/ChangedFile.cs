namespace Caur.Pipelines.Commits;

/// <summary>A file that differs between two commits.</summary>
/// <param name="Folder">The folder at the root; empty for a file there.</param>
/// <param name="Path">The rest of its path.</param>
/// <param name="WasThere">Whether the older commit has it.</param>
/// <param name="IsThere">Whether the newer commit has it.</param>
internal readonly record struct ChangedFile(string Folder, string Path, bool WasThere, bool IsThere);
