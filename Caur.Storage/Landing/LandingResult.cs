namespace Caur.Storage.Landing;

/// <summary>The answer to an upload.</summary>
/// <param name="Status">What became of the file.</param>
/// <param name="Text">For people: why, with what was found.</param>
public sealed record LandingResult(LandingStatus Status, string Text)
{
    /// <summary>True when the file is in the landing zone with the size and hash that were named.</summary>
    public bool IsThere => Status is LandingStatus.Stored or LandingStatus.AlreadyThere;
}

/// <summary>What became of an uploaded file.</summary>
public enum LandingStatus
{
    /// <summary>It is in the landing zone, synced.</summary>
    Stored,

    /// <summary>A file of that name with that content was there; the stream was not read.</summary>
    AlreadyThere,

    /// <summary>More or fewer bytes came than were named; nothing was kept.</summary>
    SizeMismatch,

    /// <summary>Other bytes came than were named; nothing was kept.</summary>
    HashMismatch,

    /// <summary>Build id, attempt or file name cannot be names of files here, or the hash is no SHA-256.</summary>
    BadName,

    /// <summary>The file system or its quota is full; nothing was kept.</summary>
    NoSpace,

    /// <summary>More bytes were named than the file system has in all, full or empty; nothing was kept.</summary>
    TooLarge,

    /// <summary>It lies where others put files, and this user may not read it; it stays there.</summary>
    NotReadable,
}

/// <summary>One file in the landing zone.</summary>
/// <param name="FileName">Its name without a folder.</param>
/// <param name="Path">Its full path.</param>
/// <param name="Size">Bytes.</param>
public sealed record LandedFile(string FileName, string Path, long Size);

/// <summary>One attempt that has a folder in the landing zone.</summary>
/// <param name="BuildId">The build's id.</param>
/// <param name="Attempt">The attempt's number.</param>
/// <param name="LastWrite">When something last arrived or was begun.</param>
public sealed record LandedAttempt(string BuildId, int Attempt, DateTimeOffset LastWrite);
